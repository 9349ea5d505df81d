/** Where HTTP listens, and who may write. */
import { z } from "zod";
import { parseAdvertisedAddress } from "../address.ts";
import { defined } from "../defined.ts";
import { filePath, listenAddress, mapping, parsed } from "../values.ts";

const advertisedAddress = parsed(
  parseAdvertisedAddress,
  'an IP address that others reach, with a port or without, such as "10.0.0.5"',
);

export const httpSettings = z
  .strictObject(
    {
      address: listenAddress.prefault("127.0.0.1:8654").meta({
        description: "Where HTTP is served.",
        value: "an IP address and a port; port 0 is any free one",
        taken: ["0.0.0.0:8654", "[::1]:8654"],
        refused: "localhost:8654",
      }),
      advertise: advertisedAddress
        .nullable()
        .default(null)
        .meta({
          description: "What Consul is told in place of `http.address` when the agent registers.",
          value: "an IP address that others can dial, with a port or without, or `null`",
          taken: ["10.0.0.5", "10.0.0.5:80"],
          refused: "0.0.0.0",
        }),
      token_file: filePath
        .nullable()
        .default(null)
        .meta({
          description: "Holds the token that requests which write need; `null` lets all of them in.",
          value: "the path of a file, or `null`",
          taken: ["/etc/headwaiter/http-token"],
          refused: "",
        }),
    },
    mapping,
  )
  .meta({ description: "HTTP: where it is served, and who may write." });

type HttpSettings = z.infer<typeof httpSettings>;

/** As `HttpServer` takes them. */
export function httpOptions({ address, token_file }: HttpSettings) {
  return { address, ...defined({ tokenFile: token_file }) };
}

/** As `SelfRegistration` takes them. */
export function registrationOptions({ advertise }: HttpSettings) {
  return defined({ advertise });
}

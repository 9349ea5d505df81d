/** Where HTTP listens, and who may write. */
import * as z from "zod";
import { parseAdvertisedAddress, parseFileMode, parseHttpAddress } from "../address.ts";
import { defined } from "../defined.ts";
import { filePath, mapping, parsed } from "../values.ts";

const httpAddress = parsed(
  parseHttpAddress,
  'an IP address and a port such as "127.0.0.1:8654", or "unix:" and an absolute path of at most 107 bytes',
);

const fileMode = parsed(parseFileMode, 'three octal digits in quotes, such as "0660"');

const advertisedAddress = parsed(
  parseAdvertisedAddress,
  'an IP address that others reach, with a port or without, such as "10.0.0.5"',
);

export const httpSettings = z
  .strictObject(
    {
      address: httpAddress.prefault("127.0.0.1:8654").meta({
        description: "Where HTTP is served: at an address, or on a unix socket.",
        value:
          "an IP address and a port, where 0 is any free one, or `unix:` and an absolute path of at most 107 bytes",
        taken: ["0.0.0.0:8654", "[::1]:8654", "unix:/run/headwaiter/agent.sock"],
        refused: "localhost:8654",
      }),
      socket_mode: fileMode.prefault("0660").meta({
        description: "The rights of the unix socket's file: who may write it may connect.",
        value: "three octal digits in quotes",
        taken: ["0600", "666"],
        refused: "0999",
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
export function httpOptions({ address, socket_mode, token_file }: HttpSettings) {
  return {
    address: "socket" in address ? { ...address, mode: socket_mode } : address,
    ...defined({ tokenFile: token_file }),
  };
}

/** As `SelfRegistration` takes them. */
export function registrationOptions({ advertise }: HttpSettings) {
  return defined({ advertise });
}

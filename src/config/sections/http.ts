/** Where HTTP listens, and who may write. */
import { z } from "zod";
import { parseAdvertisedAddress } from "../address.ts";
import { defined } from "../defined.ts";
import { filePath, listenAddress, mapping, parsed } from "../values.ts";

const advertisedAddress = parsed(
  parseAdvertisedAddress,
  'an IP address that others reach, with a port or without, such as "10.0.0.5"',
);

export const httpSettings = z.strictObject(
  {
    address: listenAddress.prefault("127.0.0.1:8654"),
    /** What others are told in place of `address`. */
    advertise: advertisedAddress.nullable().default(null),
    token_file: filePath.nullable().default(null),
  },
  mapping,
);

type HttpSettings = z.infer<typeof httpSettings>;

/** As `HttpServer` takes them. */
export function httpOptions({ address, token_file }: HttpSettings) {
  return { address, ...defined({ tokenFile: token_file }) };
}

/** As `SelfRegistration` takes them. */
export function registrationOptions({ advertise }: HttpSettings) {
  return defined({ advertise });
}

/** The files of TLS, in every section that has them. */
import type { z } from "zod";
import { filePath } from "../values.ts";

export const tlsFiles = {
  ca_file: filePath.nullable().default(null),
  cert_file: filePath.nullable().default(null),
  key_file: filePath.nullable().default(null),
};

/** As Consul's client has it: a certificate is of no use without its key. */
export function wholePair(
  files: { cert_file: string | null; key_file: string | null },
  context: z.RefinementCtx,
): void {
  const [there, missing] =
    files.key_file === null ? (["cert_file", "key_file"] as const) : (["key_file", "cert_file"] as const);
  if ((files.cert_file === null) !== (files.key_file === null)) {
    context.addIssue({ code: "custom", path: [there], message: `expected ${missing} as well` });
  }
}

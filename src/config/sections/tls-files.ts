/** The files of TLS, in every section that has them. */
import type * as z from "zod";
import { defined } from "../defined.ts";
import { filePath } from "../values.ts";

export const tlsFiles = {
  ca_file: filePath
    .nullable()
    .default(null)
    .meta({
      description:
        "Authorities that may have signed the other side's certificate; `null` stands for those that Node trusts.",
      value: "the path of a PEM file, or `null`",
      taken: ["/etc/headwaiter/ca.pem"],
      refused: "",
    }),
  cert_file: filePath
    .nullable()
    .default(null)
    .meta({
      description: "The agent's own certificate, for those who ask for it; it needs its `key_file`.",
      value: "the path of a PEM file, or `null`",
      taken: ["/etc/headwaiter/agent.pem"],
      refused: "",
    }),
  key_file: filePath
    .nullable()
    .default(null)
    .meta({
      description: "The key of the agent's own certificate; it needs its `cert_file`.",
      value: "the path of a PEM file, or `null`",
      taken: ["/etc/headwaiter/agent-key.pem"],
      refused: "",
    }),
};

type TlsFiles = { readonly [Key in keyof typeof tlsFiles]: string | null };

/** As Consul's client has it: a certificate is of no use without its key. */
export function wholePair(files: Pick<TlsFiles, "cert_file" | "key_file">, context: z.RefinementCtx): void {
  const [there, missing] =
    files.key_file === null ? (["cert_file", "key_file"] as const) : (["key_file", "cert_file"] as const);
  if ((files.cert_file === null) !== (files.key_file === null)) {
    context.addIssue({ code: "custom", path: [there], message: `expected ${missing} as well` });
  }
}

export function tlsOptions({ ca_file, cert_file, key_file }: TlsFiles) {
  return defined({ caFile: ca_file, certFile: cert_file, keyFile: key_file });
}

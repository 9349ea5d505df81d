/** How Consul is reached, and whether the agent registers there. */
import { z } from "zod";
import { messageOf } from "../../core/message-of.ts";
import { tokenIn } from "../../files/token-text.ts";
import { parseConsulAddress, withScheme } from "../../net/consul/consul-address.ts";
import { defined } from "../defined.ts";
import { accepted, durationMs, filePath, flag, mapping } from "../values.ts";
import { tlsFiles, tlsOptions, wholePair } from "./tls-files.ts";

const consulAddress = accepted(parseConsulAddress, "expected a URL");

/**
 * Below a second an idle watch would be a poll: at 1 s, 100 pools ask 100 times a second. Consul itself waits 10 min at
 * most.
 */
const consulWaitMs = durationMs.refine((ms) => ms >= 1_000 && ms <= 600_000, {
  error: "expected a duration from 1s to 10m",
});

const tokenText = z.string({ error: "expected a token" }).transform((text, context) => {
  try {
    return tokenIn(Buffer.from(text)) || null;
  } catch (error) {
    const reason = messageOf(error);
    context.addIssue({ code: "custom", message: `can't be a token: ${reason}` });
    return z.NEVER;
  }
});

export const consulSettings = z
  .strictObject(
    {
      address: consulAddress.default("http://127.0.0.1:8500"),
      /** TLS, whatever scheme the address names. */
      ssl: flag.default(false),
      verify_ssl: flag.default(true),
      token: tokenText.nullable().default(null),
      token_file: filePath.nullable().default(null),
      server_name: z.string({ error: "expected a host name" }).nullable().default(null),
      wait: consulWaitMs.prefault("1m"),
      register: flag.default(false),
      ...tlsFiles,
    },
    mapping,
  )
  .superRefine(wholePair)
  .refine(({ address, ssl }) => !ssl || !address.startsWith("unix://"), {
    path: ["ssl"],
    error: "TLS over a unix socket is not supported, expected an http or https address",
  })
  .transform((settings) => ({ ...settings, address: withScheme(settings.address, settings.ssl) }));

/** As `ConsulClient` takes them. */
export function consulOptions(settings: z.infer<typeof consulSettings>) {
  const { address, verify_ssl, token, token_file, server_name } = settings;
  return {
    address,
    verify: verify_ssl,
    ...tlsOptions(settings),
    ...defined({ token, tokenFile: token_file, serverName: server_name }),
  };
}

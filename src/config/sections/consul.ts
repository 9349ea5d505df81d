/** How Consul is reached, and whether the agent registers there. */
import * as z from "zod";
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
      address: consulAddress.default("http://127.0.0.1:8500").meta({
        description: "Where the HTTP API of Consul's agent is.",
        value: "`http://host:port`, `https://host:port`, `host:port` or `unix:///path`",
        taken: ["https://consul.example:8501", "unix:///run/consul.sock"],
        refused: "ftp://127.0.0.1",
      }),
      ssl: flag.default(false).meta({
        description: "Asks for TLS, whatever scheme the address names.",
        value: "`true` or `false`",
        taken: [true],
        refused: "yes",
      }),
      verify_ssl: flag.default(true).meta({
        description: "Whether Consul's certificate is checked; with `false` any is taken for Consul's.",
        value: "`true` or `false`",
        taken: [false],
        refused: 0,
      }),
      token: tokenText
        .nullable()
        .default(null)
        .meta({
          description: "The ACL token that Consul is asked with, unless `consul.token_file` is set.",
          value: "one word of printable ASCII, at most 4,096 bytes, or `null`",
          taken: ["<token>"],
          refused: "<two words>",
          secret: true,
        }),
      token_file: filePath
        .nullable()
        .default(null)
        .meta({
          description: "Holds Consul's ACL token, and is read for each request.",
          value: "the path of a file, or `null`",
          taken: ["/etc/headwaiter/consul-token"],
          refused: "",
        }),
      server_name: z
        .string({ error: "expected a host name" })
        .nullable()
        .default(null)
        .meta({
          description: "The name to expect in Consul's certificate; `null` expects the host of the address.",
          value: "a name or an IP address, or `null`",
          taken: ["server.dc1.consul"],
          refused: 8501,
        }),
      wait: consulWaitMs.prefault("1m").meta({
        description: "How long Consul may hold a query while nothing changes.",
        value: "a duration from `1s` to `10m`",
        taken: ["5m"],
        refused: "11m",
      }),
      register: flag.default(false).meta({
        description: "Whether the agent registers itself in Consul, as the service `headwaiter`.",
        value: "`true` or `false`",
        taken: [true],
        refused: 1,
      }),
      ...tlsFiles,
    },
    mapping,
  )
  .superRefine(wholePair)
  .refine(({ address, ssl }) => !ssl || !address.startsWith("unix://"), {
    path: ["ssl"],
    error: "TLS over a unix socket is not supported, expected an http or https address",
  })
  .transform((settings) => ({ ...settings, address: withScheme(settings.address, settings.ssl) }))
  .meta({ description: "Consul: how it is reached, and whether the agent registers there." });

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

/** The one schema of the configuration: keys, defaults, and what is expected of each value. */

import { z } from "zod";
import { messageOf } from "../core/message-of.ts";
import { printable } from "../core/printable.ts";
import { EndpointError, parseRpcAddr } from "../core/server-endpoint.ts";
import { withoutSecrets, withoutTokens } from "../core/without-secrets.ts";
import { tokenIn } from "../files/token-text.ts";
import { parseConsulAddress, withScheme } from "../net/consul/consul-address.ts";
import { parseAdvertisedAddress, parseListenAddress, parseNameserver } from "./address.ts";
import { parseDurationMs } from "./duration.ts";

function quoted(text: string): string {
  return JSON.stringify(printable(withoutSecrets(text)));
}

/** A string that `parse` turns into a value; `undefined` from it is a mistake, and so is an EndpointError, which says more. */
function parsed<Value>(parse: (text: string) => Value | undefined, expected: string) {
  const error = `expected ${expected}`;
  return z.string({ error }).transform((text, context) => {
    const refuse = (expectation: string) => {
      context.addIssue({
        code: "custom",
        message: `${expectation}, got ${quoted(text)}`,
      });
      return z.NEVER;
    };
    try {
      return parse(text) ?? refuse(error);
    } catch (cause) {
      if (cause instanceof EndpointError) {
        return refuse(cause.expectation);
      }
      throw cause;
    }
  });
}

const durationMs = parsed(parseDurationMs, 'a duration such as "500ms" or "10m"');
const positiveDurationMs = durationMs.refine((ms) => ms > 0, { error: "expected a duration above zero" });
/**
 * Below a second an idle watch would be a poll: at 1 s, 100 pools ask 100 times a second. Consul itself waits 10 min at most.
 */
const consulWaitMs = durationMs.refine((ms) => ms >= 1_000 && ms <= 600_000, {
  error: "expected a duration from 1s to 10m",
});
/** Source: RFC 2181 §8: whole seconds in 31 bits. */
const ttlMs = durationMs.refine((ms) => ms % 1_000 === 0 && ms / 1_000 < 2 ** 31, {
  error: "expected whole seconds, at most 2147483647s",
});
const RATE_EXPECTED = "expected whole answers a second from 1 to 1000000, or null for no limit";
/** A million answers a second are more than a machine gives. */
const rateLimit = z
  .int({ error: RATE_EXPECTED })
  .min(1, { error: RATE_EXPECTED })
  .max(1_000_000, { error: RATE_EXPECTED });
const nameserver = parsed(parseNameserver, 'an IP address, with a port or without, such as "127.0.0.53"');
const listenAddress = parsed(parseListenAddress, 'an IP address and a port such as "127.0.0.1:8653"');
const advertisedAddress = parsed(
  parseAdvertisedAddress,
  'an IP address that others reach, with a port or without, such as "10.0.0.5"',
);
const flag = z.boolean({ error: "expected true or false" });
const filePath = z
  .string({ error: "expected the path of a file" })
  .min(1, { error: "expected the path of a file" });

/** A string that `parse` takes without throwing; what it throws says what was expected. */
function accepted(parse: (text: string) => unknown, error: string) {
  return z.string({ error }).superRefine((text, context) => {
    try {
      parse(text);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : error;
      const message = withoutTokens(reason.replaceAll(JSON.stringify(text), () => quoted(text)));
      context.addIssue({ code: "custom", message });
    }
  });
}

/** `null` is no mistake of these: an empty one is its defaults, see `withoutEmptySections`. */
const mapping: { error: z.core.$ZodErrorMap } = {
  error: ({ code }) => (code === "invalid_type" ? "expected a mapping of keys to values" : undefined),
};

const tokenText = z.string({ error: "expected a token" }).transform((text, context) => {
  try {
    return tokenIn(Buffer.from(text)) || null;
  } catch (error) {
    const reason = messageOf(error);
    context.addIssue({ code: "custom", message: `can't be a token: ${reason}` });
    return z.NEVER;
  }
});

const serverAddress = accepted((text) => parseRpcAddr(text), 'expected "host:port"');
const consulAddress = accepted(parseConsulAddress, "expected a URL");

/** Source: RFC 1035 §2.3.1, at most 200 octets so that every name of the zone stays under 255. */
const domainName = z
  .string({ error: "expected a domain name" })
  .toLowerCase()
  .transform((name) => name.replace(/\.$/, ""))
  .refine(
    (name) =>
      name.length <= 200 &&
      name.split(".").every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
      !/(^|\.)local$/.test(name),
    { error: 'expected a domain name such as "headwaiter.internal", not under .local' },
  );

const RESERVED_POOL_NAMES = ["addr", "all", "ns"];

/** Source: RFC 6335 §5.1 service names. */
const poolName = z.string().superRefine((name, context) => {
  const isServiceName = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/i.test(name);
  if (!isServiceName || RESERVED_POOL_NAMES.includes(name.toLowerCase())) {
    const expected =
      "expected 1 to 15 letters, digits and inner hyphens with a letter, other than addr, all, ns";
    const help = isServiceName
      ? ""
      : "; for a Consul service of this name, backups.service of a pool names it";
    context.addIssue({
      code: "custom",
      message: `pool name ${quoted(name)}: ${expected}${help}`,
    });
  }
});

/** Two names that are the same to DNS. */
function twinOf(names: readonly string[]): readonly [string, string] | undefined {
  for (const [index, name] of names.entries()) {
    const first = names.slice(0, index).find((other) => other.toLowerCase() === name.toLowerCase());
    if (first !== undefined) {
      return [first, name];
    }
  }
  return undefined;
}

const tlsFiles = {
  ca_file: filePath.nullable().default(null),
  cert_file: filePath.nullable().default(null),
  key_file: filePath.nullable().default(null),
};

/** As Consul's client has it: a certificate is of no use without its key. */
function wholePair(
  files: { cert_file: string | null; key_file: string | null },
  context: z.RefinementCtx,
): void {
  const [there, missing] =
    files.key_file === null ? (["cert_file", "key_file"] as const) : (["key_file", "cert_file"] as const);
  if ((files.cert_file === null) !== (files.key_file === null)) {
    context.addIssue({ code: "custom", path: [there], message: `expected ${missing} as well` });
  }
}

const backups = z.strictObject(
  {
    service: z.string({ error: "expected the name of a Consul service" }).min(1).optional(),
    tag: z.string({ error: "expected a tag, or null" }).nullable().optional(),
    passing: flag.default(true),
    filter: z.string({ error: "expected a Consul filter expression, or null" }).nullable().default(null),
    datacenters: z
      .array(z.string({ error: "expected the name of a datacenter" }), {
        error: "expected a list of datacenters",
      })
      .default([]),
  },
  mapping,
);

const health = z.strictObject(
  {
    interval: positiveDurationMs.prefault("500ms"),
    timeout: positiveDurationMs.prefault("500ms"),
    standby: flag.default(true),
  },
  mapping,
);

const rebalance = z.strictObject(
  {
    min_reuse: positiveDurationMs.prefault("10m"),
    jitter: durationMs.prefault("5m"),
    conns_per_second_per_server: z
      .number({ error: "expected a number above zero" })
      .positive({ error: "expected a number above zero" })
      .default(64),
  },
  mapping,
);

const pool = z.strictObject(
  {
    servers: z.array(serverAddress, { error: "expected a list of addresses" }).default([]),
    heartbeat: z.enum(["nomad", "push", "none"], { error: "expected nomad, push or none" }).optional(),
    ping: z.enum(["nomad", "tcp", "none"], { error: "expected nomad, tcp or none" }).optional(),
    backups: backups.nullable().prefault({}),
    health: health.prefault({}),
    rebalance: rebalance.prefault({}),
    tls: z.strictObject(tlsFiles, mapping).superRefine(wholePair).nullable().default(null),
    token_file: filePath.nullable().default(null),
    /** `always`: every server of the pool gets the token, not only those that the configuration names or TLS proves. */
    send_token: z.enum(["trusted", "always"], { error: "expected trusted or always" }).default("trusted"),
  },
  mapping,
);

/** A pool named `nomad` speaks Nomad's RPC; any other is a Consul service of its own name, reached over TCP. */
function withDefaultsFor(name: string, { backups, ...settings }: z.infer<typeof pool>) {
  const isNomad = name === "nomad";
  return {
    ...settings,
    heartbeat: settings.heartbeat ?? (isNomad ? ("nomad" as const) : ("none" as const)),
    ping: settings.ping ?? (isNomad ? ("nomad" as const) : ("tcp" as const)),
    backups: backups && {
      ...backups,
      service: backups.service ?? name,
      tag: backups.tag === undefined && isNomad ? "rpc" : (backups.tag ?? null),
    },
  };
}

export const configSchema = z.strictObject(
  {
    datacenter: z.string({ error: "expected the name of a datacenter" }).min(1).default("dc1"),
    region: z.string({ error: "expected the name of a region" }).min(1).default("global"),
    data_dir: z.string({ error: "expected the path of a directory" }).min(1).nullable().default(null),
    log: z
      .strictObject(
        {
          level: z
            .enum(["debug", "info", "warn", "error"], { error: "expected debug, info, warn or error" })
            .default("info"),
          format: z.enum(["json", "text"], { error: "expected json or text" }).default("json"),
        },
        mapping,
      )
      .prefault({}),
    dns: z
      .strictObject(
        {
          address: z
            .preprocess(
              (value) => (typeof value === "string" ? [value] : value),
              z.array(listenAddress, { error: "expected an address or a list of addresses" }).min(1),
            )
            .prefault(["127.0.0.1:8653"]),
          domain: domainName.prefault("headwaiter.internal"),
          ttl: ttlMs.prefault("0s"),
          negative_ttl: ttlMs.prefault("1s"),
          rate_limit: rateLimit.nullable().default(1000),
          sockets: z.union([z.literal(1), z.literal(2)], { error: "expected 1 or 2" }).default(1),
          /** Name servers for the names of servers; empty: those of the machine. */
          nameservers: z.array(nameserver, { error: "expected a list of addresses" }).default([]),
        },
        mapping,
      )
      .prefault({}),
    http: z
      .strictObject(
        {
          address: listenAddress.prefault("127.0.0.1:8654"),
          /** What others are told in place of `address`. */
          advertise: advertisedAddress.nullable().default(null),
          token_file: filePath.nullable().default(null),
        },
        mapping,
      )
      .prefault({}),
    consul: z
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
      .transform(({ ssl, ...consul }) => ({ ...consul, address: withScheme(consul.address, ssl) }))
      .prefault({}),
    pools: z
      .record(poolName, pool.prefault({}), mapping)
      .refine((pools) => Object.keys(pools).length > 0, { error: "expected at least one pool" })
      .superRefine((pools, context) => {
        const twin = twinOf(Object.keys(pools));
        if (twin !== undefined) {
          const message = `expected names that differ in more than case: to DNS ${twin.join(" and ")} are one`;
          context.addIssue({ code: "custom", path: [twin[1]], message });
        }
      })
      .transform((pools) =>
        Object.fromEntries(
          Object.entries(pools).map(([name, settings]) => [name, withDefaultsFor(name, settings)]),
        ),
      )
      .prefault({ nomad: {} }),
  },
  mapping,
);

/** The configuration with every default filled in. Durations are milliseconds. */
export type Config = z.infer<typeof configSchema>;

/** One pool's part of the configuration. */
export type PoolConfig = Config["pools"][string];

/** One pool: which servers it has, and how it speaks to them. */
import * as z from "zod";
import { parseRpcAddr } from "../../core/rpc-addr.ts";
import { defined } from "../defined.ts";
import { accepted, filePath, mapping } from "../values.ts";
import { backupOptions, backupSettings } from "./backups.ts";
import { healthOptions, healthSettings } from "./health.ts";
import { rebalanceOptions, rebalanceSettings } from "./rebalance.ts";
import { tlsFiles, tlsOptions, wholePair } from "./tls-files.ts";

const serverAddress = accepted((text) => parseRpcAddr(text), 'expected "host:port"');

const tlsSettings = z.strictObject(tlsFiles, mapping).superRefine(wholePair).meta({
  description:
    "TLS for Nomad's RPC to the pool's servers, whose certificates must name `server.<region>.nomad`. `null`: without TLS.",
});

export const poolSettings = z
  .strictObject(
    {
      servers: z
        .array(serverAddress, { error: "expected a list of addresses" })
        .default([])
        .meta({
          description: "Primaries from the start on; a heartbeat has the last word.",
          value: "a list of `host:port` that can be dialled; port 4647 may be left out",
          taken: [["10.0.0.1:4647", "[2001:db8::1]:4647", "nomad.example"]],
          refused: ["0.0.0.0:4647"],
        }),
      heartbeat: z
        .enum(["nomad", "push", "none"], { error: "expected nomad, push or none" })
        .optional()
        .meta({
          description:
            "Where heartbeats come from: `nomad` asks listed servers by Nomad's RPC, `push` takes them over HTTP.",
          value: "`nomad`, `push` or `none`",
          taken: ["push"],
          refused: "sometimes",
        }),
      ping: z
        .enum(["nomad", "tcp", "none"], { error: "expected nomad, tcp or none" })
        .optional()
        .meta({
          description:
            "How servers are watched: `nomad` asks them by Nomad's RPC, `tcp` holds a connection, `none` dials no server.",
          value: "`nomad`, `tcp` or `none`",
          taken: ["tcp"],
          refused: "icmp",
        }),
      backups: backupSettings.nullable().prefault({}),
      health: healthSettings.prefault({}),
      rebalance: rebalanceSettings.prefault({}),
      tls: tlsSettings.nullable().default(null),
      token_file: filePath
        .nullable()
        .default(null)
        .meta({
          description: "Holds Nomad's ACL token; with `null` it is that of `NOMAD_TOKEN`.",
          value: "the path of a file, or `null`",
          taken: ["/etc/headwaiter/nomad-token"],
          refused: "",
        }),
      send_token: z
        .enum(["trusted", "always"], { error: "expected trusted or always" })
        .default("trusted")
        .meta({
          description:
            "Who gets Nomad's token: `trusted` servers, which the configuration names or TLS proves, or `always` every server.",
          value: "`trusted` or `always`",
          taken: ["always"],
          refused: "never",
        }),
    },
    mapping,
  )
  .meta({
    description:
      "One pool. A name has 1 to 15 letters, digits and inner hyphens, at least one letter, and is not `addr`, `all` or `ns`.",
  });

/** A pool named `nomad` speaks Nomad's RPC; any other is a Consul service of its own name, reached over TCP. */
export function withDefaultsFor(name: string, { backups, ...settings }: z.infer<typeof poolSettings>) {
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

/** As `Pool` takes them. */
export function poolOptions(settings: ReturnType<typeof withDefaultsFor>, consulWaitMs: number) {
  const { servers, heartbeat, ping, backups, health, rebalance, tls, token_file, send_token } = settings;
  return {
    servers,
    heartbeat,
    ping,
    health: healthOptions(health),
    rebalance: rebalanceOptions(rebalance),
    sendToken: send_token,
    ...defined({
      backups: backups && backupOptions(backups, consulWaitMs),
      tls: tls && tlsOptions(tls),
      tokenFile: token_file,
    }),
  };
}

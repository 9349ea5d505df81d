/** One pool: which servers it has, and how it speaks to them. */
import { z } from "zod";
import { parseRpcAddr } from "../../core/rpc-addr.ts";
import { defined } from "../defined.ts";
import { accepted, filePath, mapping } from "../values.ts";
import { backupOptions, backupSettings } from "./backups.ts";
import { healthOptions, healthSettings } from "./health.ts";
import { rebalanceOptions, rebalanceSettings } from "./rebalance.ts";
import { tlsFiles, tlsOptions, wholePair } from "./tls-files.ts";

const serverAddress = accepted((text) => parseRpcAddr(text), 'expected "host:port"');

export const poolSettings = z.strictObject(
  {
    servers: z.array(serverAddress, { error: "expected a list of addresses" }).default([]),
    heartbeat: z.enum(["nomad", "push", "none"], { error: "expected nomad, push or none" }).optional(),
    ping: z.enum(["nomad", "tcp", "none"], { error: "expected nomad, tcp or none" }).optional(),
    backups: backupSettings.nullable().prefault({}),
    health: healthSettings.prefault({}),
    rebalance: rebalanceSettings.prefault({}),
    tls: z.strictObject(tlsFiles, mapping).superRefine(wholePair).nullable().default(null),
    token_file: filePath.nullable().default(null),
    /** `always`: every server of the pool gets the token, not only those that the configuration names or TLS proves. */
    send_token: z.enum(["trusted", "always"], { error: "expected trusted or always" }).default("trusted"),
  },
  mapping,
);

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

/**
 * The configuration in two languages. Settings have the keys of a file, `null`, and every default filled in. Options
 * are what the parts of the agent take: a unit is in the name, and an option that is not set is absent.
 */
import * as z from "zod";
import { defined } from "./defined.ts";
import { consulOptions, consulSettings } from "./sections/consul.ts";
import { dnsOptions, dnsSettings, resolverOptions } from "./sections/dns.ts";
import { httpOptions, httpSettings, registrationOptions } from "./sections/http.ts";
import { logSettings } from "./sections/log.ts";
import { onDemandSettings } from "./sections/on-demand.ts";
import { onDemandOptions, poolsOptions, poolsSettings } from "./sections/pools.ts";
import { stateOptions, stateSettings } from "./sections/state.ts";
import { filled, mapping } from "./values.ts";

/**
 * `.meta()` of each section says what it is about, and of each key below what docs/configuration.md shows of it:
 * `description` is what the key does, `value` what may be written, `taken` are values that are accepted, `refused` is
 * a value that is not, and `secret` marks a value that is shown nowhere. `npm run config-reference` writes the page.
 */
export const settingsSchema = z.strictObject(
  {
    datacenter: filled("expected the name of a datacenter")
      .default("dc1")
      .meta({
        description: "Where the agent is: servers of other datacenters that a heartbeat names are backups.",
        value: "the name of a datacenter",
        taken: ["eu-west"],
        refused: "",
      }),
    region: filled("expected the name of a region")
      .default("global")
      .meta({
        description: "The region whose servers are used; those of another are taken off the list.",
        value: "the name of a region",
        taken: ["eu"],
        refused: "",
      }),
    data_dir: filled("expected the path of a directory")
      .nullable()
      .default(null)
      .meta({
        description:
          "A directory that is the agent's own, made for its owner alone (0700): it keeps the last known lists there.",
        value: "the path of a directory, or `null`",
        taken: ["/var/lib/headwaiter"],
        refused: "",
      }),
    log: logSettings.prefault({}),
    dns: dnsSettings.prefault({}),
    http: httpSettings.prefault({}),
    consul: consulSettings.prefault({}),
    state: stateSettings.prefault({}),
    pools: poolsSettings.prefault({ nomad: {} }),
    on_demand: onDemandSettings.prefault({}),
  },
  mapping,
);

/** Durations are milliseconds. */
export type Settings = z.infer<typeof settingsSchema>;

/** The options that settings come to. */
export function optionsOf(settings: Settings) {
  const { datacenter, region, data_dir, log, dns, http, consul, state, pools, on_demand } = settings;
  return {
    datacenter,
    region,
    log,
    dns: dnsOptions(dns, datacenter),
    resolver: resolverOptions(dns),
    http: httpOptions(http),
    consul: consulOptions(consul),
    state: stateOptions(state),
    pools: poolsOptions(pools, consul.wait),
    ...defined({
      dataDirectory: data_dir,
      /** Absent: no question starts a pool. */
      onDemand: onDemandOptions(on_demand, pools, consul.wait),
      /** Absent: the agent does not register. */
      registration: consul.register ? registrationOptions(http) : undefined,
    }),
  };
}

/** All options of the agent. */
export type Config = ReturnType<typeof optionsOf>;

/** One pool's options. */
export type PoolConfig = Config["pools"][string];

/** Of pools that questions start. */
export type OnDemandConfig = NonNullable<Config["onDemand"]>;

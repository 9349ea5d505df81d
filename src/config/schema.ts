/** The one schema of the configuration: its sections, each with its keys, defaults, and what is expected of each value. */
import { z } from "zod";
import { consul } from "./sections/consul.ts";
import { dns } from "./sections/dns.ts";
import { http } from "./sections/http.ts";
import { log } from "./sections/log.ts";
import { pools } from "./sections/pools.ts";
import { mapping } from "./values.ts";

export const configSchema = z.strictObject(
  {
    datacenter: z.string({ error: "expected the name of a datacenter" }).min(1).default("dc1"),
    region: z.string({ error: "expected the name of a region" }).min(1).default("global"),
    data_dir: z.string({ error: "expected the path of a directory" }).min(1).nullable().default(null),
    log: log.prefault({}),
    dns: dns.prefault({}),
    http: http.prefault({}),
    consul: consul.prefault({}),
    pools: pools.prefault({ nomad: {} }),
  },
  mapping,
);

/** The configuration with every default filled in. Durations are milliseconds. */
export type Config = z.infer<typeof configSchema>;

/** One pool's part of the configuration. */
export type PoolConfig = Config["pools"][string];

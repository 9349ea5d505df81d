/** The service in Consul whose instances are a pool's backups. */
import { z } from "zod";
import { defined } from "../defined.ts";
import { filled, flag, mapping } from "../values.ts";

export const backupSettings = z.strictObject(
  {
    service: filled("expected the name of a Consul service").optional(),
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

/** A service and a tag that are not written are the pool's: see `withDefaultsFor`. */
interface BackupSettings extends Omit<z.infer<typeof backupSettings>, "service" | "tag"> {
  readonly service: string;
  readonly tag: string | null;
}

/** As `ConsulWatcher` takes them. All pools wait as long: `consul.wait`. */
export function backupOptions({ tag, filter, ...settings }: BackupSettings, waitMs: number) {
  return { ...settings, waitMs, ...defined({ tag, filter }) };
}

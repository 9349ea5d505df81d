/** The service in Consul whose instances are a pool's backups. */
import * as z from "zod";
import { defined } from "../defined.ts";
import { filled, flag, mapping } from "../values.ts";

export const backupSettings = z
  .strictObject(
    {
      service: filled("expected the name of a Consul service")
        .optional()
        .meta({
          description: "The service whose instances are the pool's backups.",
          value: "the name of a service",
          taken: ["nomad-server"],
          refused: "",
        }),
      tag: z
        .string({ error: "expected a tag, or null" })
        .nullable()
        .optional()
        .meta({
          description: "Only instances with this tag are taken; `null` takes those of any.",
          value: "a tag, or `null`",
          taken: ["primary", null],
          refused: 5,
        }),
      passing: flag.default(true).meta({
        description: "Whether only instances are taken whose checks pass.",
        value: "`true` or `false`",
        taken: [false],
        refused: "yes",
      }),
      filter: z
        .string({ error: "expected a Consul filter expression, or null" })
        .nullable()
        .default(null)
        .meta({
          description: "Only instances are taken that Consul finds with this expression.",
          value: "a filter expression of Consul's, or `null`",
          taken: ["Node.Meta.rack == a1"],
          refused: 5,
        }),
      datacenters: z
        .array(z.string({ error: "expected the name of a datacenter" }), {
          error: "expected a list of datacenters",
        })
        .default([])
        .meta({
          description:
            "Datacenters to look in, the first always, the others in turn while those before have no server; an empty list stands " +
            "for Consul's own and then any other.",
          value: "a list of names of datacenters",
          taken: [["dc1", "dc2"]],
          refused: "dc1",
        }),
    },
    mapping,
  )
  .meta({
    description: "The service in Consul whose instances are the pool's backups. `null`: Consul is not asked.",
  });

/** A service and a tag that are not written are the pool's: see `withDefaultsFor`. */
interface BackupSettings extends Omit<z.infer<typeof backupSettings>, "service" | "tag"> {
  readonly service: string;
  readonly tag: string | null;
}

/** As `ConsulWatcher` takes them. All pools wait as long: `consul.wait`. */
export function backupOptions({ tag, filter, ...settings }: BackupSettings, waitMs: number) {
  return { ...settings, waitMs, ...defined({ tag, filter }) };
}

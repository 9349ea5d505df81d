/** The service in Consul whose instances are a pool's backups. */
import { z } from "zod";
import { flag, mapping } from "../values.ts";

export const backups = z.strictObject(
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

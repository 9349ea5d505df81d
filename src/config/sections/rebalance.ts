import { z } from "zod";
import { durationMs, mapping, positiveDurationMs } from "../values.ts";

export const rebalance = z.strictObject(
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

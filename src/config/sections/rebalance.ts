/** How often a pool's list is rebalanced. */
import { z } from "zod";
import { durationMs, mapping, positiveDurationMs } from "../values.ts";

export const rebalanceSettings = z.strictObject(
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

/** As `RpcProxy` takes them. */
export function rebalanceOptions(settings: z.infer<typeof rebalanceSettings>) {
  const { min_reuse, jitter, conns_per_second_per_server } = settings;
  return {
    minReuseMs: min_reuse,
    jitterMs: jitter,
    connsPerSecondPerServer: conns_per_second_per_server,
  };
}

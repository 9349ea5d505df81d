/** How often a pool's list is rebalanced. */
import * as z from "zod";
import { durationMs, mapping, positiveDurationMs } from "../values.ts";

export const rebalanceSettings = z
  .strictObject(
    {
      min_reuse: positiveDurationMs.prefault("10m").meta({
        description:
          "A rebalance comes at the earliest so long after the one before; a failback does not wait for it.",
        value: "a duration above zero",
        taken: ["30m"],
        refused: "0s",
      }),
      jitter: durationMs.prefault("5m").meta({
        description: "At most so much is added at random, so that agents don't move in step.",
        value: "a duration",
        taken: ["0s"],
        refused: "5 minutes",
      }),
      conns_per_second_per_server: z
        .number({ error: "expected a number above zero" })
        .positive({ error: "expected a number above zero" })
        .default(64)
        .meta({
          description:
            "New connections a second that rebalances of the whole fleet may bring a server: a large fleet rebalances less often.",
          value: "a number above zero",
          taken: [10, 0.5],
          refused: 0,
        }),
    },
    mapping,
  )
  .meta({ description: "How often the list is shuffled, which spreads the fleet over its servers." });

/** As `RpcProxy` takes them. */
export function rebalanceOptions(settings: z.infer<typeof rebalanceSettings>) {
  const { min_reuse, jitter, conns_per_second_per_server } = settings;
  return {
    minReuseMs: min_reuse,
    jitterMs: jitter,
    connsPerSecondPerServer: conns_per_second_per_server,
  };
}

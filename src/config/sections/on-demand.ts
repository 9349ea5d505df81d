/** Pools that questions start: how many, and for how long. Their settings are those of the pool `"*"`. */
import * as z from "zod";
import { MAX_POOLS_ON_DEMAND } from "../../core/service-pool.ts";
import { mapping, positiveDurationMs } from "../values.ts";

const MOST_STARTS = 1000;

function wholeNumber(most: number) {
  const error = `expected a whole number from 1 to ${most}`;
  return z.int({ error }).min(1, { error }).max(most, { error });
}

export const onDemandSettings = z
  .strictObject(
    {
      max_pools: wholeNumber(MAX_POOLS_ON_DEMAND)
        .default(256)
        .meta({
          description:
            "So many pools that questions started are there at most; while they are, a question about another service gets SERVFAIL.",
          value: `a whole number from 1 to ${MAX_POOLS_ON_DEMAND}`,
          taken: [64],
          refused: 0,
        }),
      starts_per_second: wholeNumber(MOST_STARTS)
        .default(10)
        .meta({
          description:
            "Consul is asked for so many services a second that no pool serves, and for as many at once after a pause.",
          value: `a whole number from 1 to ${MOST_STARTS}`,
          taken: [50],
          refused: 0.5,
        }),
      unused: positiveDurationMs.prefault("1h").meta({
        description: "A pool that a question started ends when nobody has asked for it for so long.",
        value: "a duration above zero",
        taken: ["10m"],
        refused: "0s",
      }),
    },
    mapping,
  )
  .meta({ description: 'Pools that questions start, where `pools` has `"*"`.' });

export type OnDemandSettings = z.infer<typeof onDemandSettings>;

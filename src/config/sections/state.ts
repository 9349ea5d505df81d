/** What is kept of the last known lists. */
import * as z from "zod";
import { mapping, positiveDurationMs } from "../values.ts";

export const stateSettings = z
  .strictObject(
    {
      max_age: positiveDurationMs.prefault("24h").meta({
        description:
          "A remembered list counts for so long after a source last vouched for it; one that is older is set aside.",
        value: "a duration above zero",
        taken: ["168h"],
        refused: "0s",
      }),
    },
    mapping,
  )
  .meta({ description: "The last known lists, in `data_dir`. Without `data_dir` nothing is kept." });

/** As the agent's memory takes them. */
export function stateOptions({ max_age }: z.infer<typeof stateSettings>) {
  return { maxAgeMs: max_age };
}

/** How the head and the next server are watched. */
import * as z from "zod";
import { flag, mapping, positiveDurationMs } from "../values.ts";

export const healthSettings = z
  .strictObject(
    {
      interval: positiveDurationMs.prefault("125ms").meta({
        description: "The time between two pings of the head; a large fleet takes longer.",
        value: "a duration above zero",
        taken: ["2s"],
        refused: "0s",
      }),
      idle_interval: positiveDurationMs.prefault("5s").meta({
        description:
          "The same while nobody asks for the pool: after 30 s without a question, until the next question. Not below `interval`.",
        value: "a duration above zero",
        taken: ["1s"],
        refused: "0s",
      }),
      timeout: positiveDurationMs.prefault("500ms").meta({
        description: "How long a ping, or a connection, may take until the server counts as failed.",
        value: "a duration above zero",
        taken: ["1s"],
        refused: "0s",
      }),
      standby: flag.default(true).meta({
        description: "Whether a connection to the next server is held as well.",
        value: "`true` or `false`",
        taken: [false],
        refused: "yes",
      }),
    },
    mapping,
  )
  .meta({ description: "How the head and the next server are watched." });

/** As `HealthMonitor` takes them. */
export function healthOptions({ idle_interval, interval, timeout, standby }: z.infer<typeof healthSettings>) {
  return { intervalMs: interval, idleIntervalMs: idle_interval, timeoutMs: timeout, standby };
}

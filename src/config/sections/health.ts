/** How the head and the next server are watched. */
import { z } from "zod";
import { flag, mapping, positiveDurationMs } from "../values.ts";

export const healthSettings = z.strictObject(
  {
    interval: positiveDurationMs.prefault("500ms"),
    timeout: positiveDurationMs.prefault("500ms"),
    standby: flag.default(true),
  },
  mapping,
);

/** As `HealthMonitor` takes them. */
export function healthOptions({ interval, timeout, standby }: z.infer<typeof healthSettings>) {
  return { intervalMs: interval, timeoutMs: timeout, standby };
}

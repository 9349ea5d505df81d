/**
 * Healthy servers, a loaded machine, and DNS asked 5,000 times a second: the head must not change.
 *
 *     npm run build && npm run soak -- --minutes 10 [--per-second 5000]
 *
 * Three server processes and the agent at its default settings, and one busy process per core that ends by itself. Ends
 * with 1 when the head changed or an answer was wrong. Questions are lost when a process gets no turn for longer than
 * its socket's buffer lasts, 55 ms at this rate.
 */
import { parseArgs } from "node:util";
import { formatSoak, runSoak } from "./lab/soak.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, "per-second": { type: "string", default: "5000" } },
});
const result = await runSoak({
  durationMs: Number(values.minutes) * 60_000,
  perSecond: Number(values["per-second"]),
});
console.log(formatSoak(result));
process.exitCode = result.headChanges.length === 0 && result.wrong === 0 ? 0 : 1;

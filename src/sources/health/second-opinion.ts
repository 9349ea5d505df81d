/** Whether a server that does not answer hangs, or whether it is this machine that hears nothing: pure. */
import { roundTripText } from "../../core/time/spans.ts";
import type { Evidence } from "../../core/why.ts";
import type { Failure, PingAnswer, Silence, WatchState } from "./server-health.ts";

/** A server that was asked when another one's answer was late. */
export interface Witness {
  /** Its key, or its address. */
  readonly name: string;
  readonly state: WatchState | undefined;
  readonly lastAnswer: PingAnswer | undefined;
}

/**
 * What speaks against a silent server: another one was asked when the answer was late, or later, and has answered, in
 * its usual time. `undefined`: nobody has, so it may be this machine that hears nothing.
 */
export function secondOpinion(
  { lateAt, silentMs, usualMs }: Silence,
  witnesses: Iterable<Witness>,
): Evidence | undefined {
  for (const { lastAnswer, name, state } of witnesses) {
    if (
      state?.phase === "up" &&
      lastAnswer !== undefined &&
      lastAnswer.at - lastAnswer.tookMs >= lateAt &&
      !lastAnswer.isLate
    ) {
      return { silentMs, usualMs, witness: name, witnessMs: lastAnswer.tookMs };
    }
  }
  return undefined;
}

export function silentFailure(evidence: Evidence): Failure {
  return { code: "timeout", reason: inWords(evidence), closesAtOnce: false, isSilent: true, evidence };
}

function inWords({ silentMs, usualMs, witness, witnessMs }: Evidence): string {
  const usually = usualMs === undefined ? "" : ` (usually ${roundTripText(usualMs)})`;
  return (
    `no answer within ${Math.round(silentMs)} ms${usually}, asked twice, ` +
    `while ${witness} answered in ${roundTripText(witnessMs)}`
  );
}

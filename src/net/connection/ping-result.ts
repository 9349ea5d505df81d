import type { PingResult } from "../../core/routine.ts";
import { ConnectionError } from "./connection-error.ts";

/** Resolves and rejects as the ping does, which is observed unless its answer was no longer wanted. */
export async function observedPing(
  ping: Promise<void>,
  observe: (result: PingResult) => void,
): Promise<void> {
  try {
    await ping;
    observe("ok");
  } catch (error) {
    const result = pingResultOf(error);
    if (result !== undefined) {
      observe(result);
    }
    throw error;
  }
}

/**
 * What the error of a ping or a connect says; `undefined` when the answer was no longer wanted. An error that is not
 * of the connection is a time limit of whoever asked.
 */
export function pingResultOf(error: unknown): PingResult | undefined {
  if (!(error instanceof ConnectionError)) {
    return error instanceof Error && error.name === "AbortError" ? undefined : "timeout";
  }
  switch (error.kind) {
    case "application":
      return "ok";
    case "timeout":
    case "tls":
    case "local":
      return error.kind;
    case "protocol":
    case "region":
      return "unusable";
    case "transport":
      return ["connection-refused", "unreachable"].includes(error.code) ? "refused" : "closed";
  }
}

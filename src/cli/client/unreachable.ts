/** What `node:http` says when there is no answer, in words for people. */
import { systemReason } from "../../core/system-reason.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "it closed the connection without an answer",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ENOENT: "no such socket",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name of the host can't be looked up now",
  ETIMEDOUT: "the connection timed out",
};

/** Nobody answers there. */
export function unreachable(shown: string, reason: string, cause?: unknown): CommandFailure {
  const message = `no agent at ${shown}: ${reason}; start it or pass --address`;
  return new CommandFailure(EXIT.unreachable, "unreachable", message, { cause });
}

/** Somebody else answers there. */
export function notAnAgent(shown: string, what: string): CommandFailure {
  return new CommandFailure(EXIT.unreachable, "unreachable", `what answers at ${shown} is no agent: ${what}`);
}

/** @param error what a request or the reading of its answer ended with. */
export function connectionFailure(shown: string, error: unknown): CommandFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("HPE_")
    ? notAnAgent(shown, "it does not speak HTTP")
    : unreachable(shown, REASONS[code] ?? systemReason(error), error);
}

/** What the error of a connection or a ping says of the server. */
import { messageOf } from "../../core/message-of.ts";
import { ConnectionError } from "../../net/connection/connection-error.ts";
import { pingResultOf } from "../../net/connection/ping-result.ts";
import type { Failure } from "./server-health.ts";

/** What an error that proves no life says of the server. */
export function failureOf(error: unknown): Failure {
  const isSilent = error instanceof ConnectionError && error.kind === "timeout";
  const code = pingResultOf(error);
  return {
    reason: reasonOf(error),
    closesAtOnce: false,
    isSilent,
    code: code === "ok" || code === "local" ? undefined : code,
  };
}

/** A connection that broke is opened again at once, unless what came over it was not the protocol. */
export function isClosure(error: unknown): boolean {
  return error instanceof ConnectionError && ["transport", "local"].includes(error.kind);
}

/** Why the server failed, without its name. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return error instanceof ConnectionError ? message.replace(`server ${error.server}: `, "") : message;
}

import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { isLocal, provesLife } from "../../net/connection/connection-error.ts";
import { askOnce } from "../../net/connection/connection-pinger.ts";
import type { CallOptions, Connector, HeldConnection } from "../../net/connection/held-connection.ts";
import { failureOf, isClosure } from "./failure-of.ts";
import type { Failure } from "./server-health.ts";

/** What a check of a server found. `unknown`: this machine could not ask, or the answer was no longer wanted. */
export type CheckResult =
  | { readonly found: "up" }
  | { readonly found: "down"; readonly failure: Failure }
  | { readonly found: "unknown" };

interface CheckPorts {
  readonly connector: Connector;
  readonly connectionTo: (key: string) => HeldConnection | undefined;
}

/**
 * Asks a server now: over the held connection, and when that answers once more over a new one, since a server that is
 * half dead may serve the old connections alone. Each has `timeoutMs` of its own, as any ping has: with one for both a
 * server that always takes longer than half of it would be found down. Never rejects.
 */
export async function checkServer(
  server: ServerEndpoint,
  { connectionTo, connector }: CheckPorts,
  options: CallOptions,
): Promise<CheckResult> {
  // Of a name with several addresses the held one may hang alone: a new connection tries them all.
  const held = server.addresses.length === 1 ? connectionTo(server.key) : undefined;
  const overHeld = held === undefined ? UP : await resultOf(held.ping(options), options.signal, isClosure);
  return overHeld.found === "up"
    ? await resultOf(askOnce(connector, server, options), options.signal)
    : overHeld;
}

const UP: CheckResult = { found: "up" };

/** `provesNothing`: errors after which the next question decides. */
async function resultOf(
  answer: Promise<void>,
  signal: AbortSignal | undefined,
  provesNothing: (error: unknown) => boolean = () => false,
): Promise<CheckResult> {
  try {
    await answer;
    return signal?.aborted === true ? { found: "unknown" } : UP;
  } catch (error) {
    if (signal?.aborted === true) {
      return { found: "unknown" };
    }
    if (provesLife(error) || provesNothing(error)) {
      return UP;
    }
    return isLocal(error) ? { found: "unknown" } : { found: "down", failure: failureOf(error) };
  }
}

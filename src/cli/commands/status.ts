import { poolNames } from "../client/pools.ts";
import { textAt } from "../client/reading.ts";
import type { ClientCommand } from "../client-run.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";
import { problemsOf, statusText } from "../show/status-text.ts";
import { shown } from "../watch.ts";

/** What is not as it should be; 2 when there is anything. */
export const runStatus: ClientCommand = async ({ client, flags, output, times }) => {
  const { pool } = flags;
  if (pool !== undefined) {
    requirePool(await poolNames(client), pool);
  }
  return await shown({
    client,
    output,
    pool,
    isWatch: flags.watch === true,
    read: async () => [await client.getDocument("/v1/agent/status")],
    show: ([document]) => {
      const body = document?.body ?? {};
      const problems = problemsOf(body, pool);
      // Of one pool: the agent's state is about all of them.
      const state = pool !== undefined && problems.length === 0 ? "ok" : (textAt(body, "state") ?? "unknown");
      if (output.isJson) {
        output.document(pool === undefined ? body : { ...body, state, problems });
      } else {
        output.lines(statusText({ state, problems, now: document?.at ?? 0, times, paint: output.paint }));
      }
      return state === "ok" ? EXIT.done : EXIT.no;
    },
  });
};

/** A mistyped name must not look like a pool without problems. */
function requirePool(names: readonly string[], pool: string): void {
  if (!names.includes(pool)) {
    const message = `no pool "${pool}": expected one of ${names.join(", ")}`;
    throw new CommandFailure(EXIT.wrong, "unknown-pool", message);
  }
}

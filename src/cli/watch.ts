import type { AgentClient, AgentDocument } from "./client/agent-client.ts";
import { followedEvents } from "./client/event-stream.ts";
import { numberAt } from "./client/reading.ts";
import { CommandFailure, EXIT, type ExitCode } from "./command-failure.ts";
import type { Output } from "./output.ts";

interface Watched {
  readonly client: AgentClient;
  readonly output: Output;
  /** Whose events count; absent: all. */
  readonly pool: string | undefined;
  readonly isWatch: boolean;
  readonly read: () => Promise<readonly AgentDocument[]>;
  readonly show: (documents: readonly AgentDocument[]) => ExitCode;
}

/**
 * Shows what there is and returns; with `isWatch` shows it again after each event that is later than what is shown, and
 * does not return. Nothing is asked for meanwhile: the agent tells of events.
 */
export async function shown({ client, output, pool, isWatch, read, show }: Watched): Promise<ExitCode> {
  let documents = await read();
  const exitCode = show(documents);
  if (!isWatch) {
    return exitCode;
  }
  const events = followedEvents(client, { pool, after: indexOf(documents) ?? "now" });
  let isFirst = true;
  for await (const batch of events) {
    const index = indexOf(documents) ?? 0;
    const isNews = batch.some(({ event }) => (numberAt(event, "index") ?? index + 1) > index);
    // After a loss of the connection, even an agent without a new event may be another one.
    const isBack = batch.length === 0 && !isFirst;
    isFirst = false;
    const latest = isNews || isBack ? await read().catch(noneWhileGone) : undefined;
    if (latest !== undefined) {
      documents = latest;
      output.again();
      show(documents);
    }
  }
  return exitCode;
}

/** All that happened up to it is in each document. */
function indexOf(documents: readonly AgentDocument[]): number | undefined {
  const indexes = documents.flatMap(({ index }) => index ?? []);
  return indexes.length === 0 ? undefined : Math.min(...indexes);
}

/** The stream of events ends then, too, says so, and is tried again. */
function noneWhileGone(error: unknown): undefined {
  if (!(error instanceof CommandFailure && error.exitCode === EXIT.unreachable)) {
    throw error;
  }
}

/** The agent's events as it sends them: newline-delimited JSON. */
import { setTimeout as sleep } from "node:timers/promises";
import { tellPeople } from "../command-end.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";
import type { AgentClient } from "./agent-client.ts";
import { isJsonObject, type JsonObject, numberAt } from "./reading.ts";
import { jsonOf } from "./refusal.ts";
import { notAnAgent } from "./unreachable.ts";

/** Pause before a stream that ended is asked for again: agents that restart are back within seconds. */
const AGAIN_AFTER_MS = 1_000;

/** An event has some 300 bytes. */
const LONGEST_LINE = 1_048_576;

export interface EventQuery {
  readonly pool?: string | undefined;
  readonly kind?: string | undefined;
  readonly min_severity?: string | undefined;
  /** An index, or `now`. */
  readonly after?: string | number | undefined;
}

/** An event, and the very line that it came in. */
export interface EventLine {
  readonly event: JsonObject;
  readonly line: string;
}

/** The events that the agent holds. @throws CommandFailure */
export async function* heldEvents(client: AgentClient, query: EventQuery): AsyncGenerator<EventLine> {
  for await (const batch of eventBatches(client, { ...query, follow: "false" })) {
    yield* batch;
  }
}

/**
 * The same and then what happens, without an end: when the connection is lost, the stream goes on after the last event.
 * Standard error says so once, and once when it is over. A batch is what came at once; an empty one says that the
 * connection is there again.
 * @throws CommandFailure when the first try fails, or the agent refuses.
 */
export async function* followedEvents(
  client: AgentClient,
  query: EventQuery,
): AsyncGenerator<readonly EventLine[]> {
  // Not `now` itself: after a loss that would be a later one.
  let after = query.after === "now" ? ((await client.get("/v1/agent/health")).index ?? "now") : query.after;
  let wasThere = false;
  let isLost = false;
  for (;;) {
    try {
      for await (const batch of eventBatches(client, { ...query, after })) {
        if (isLost) {
          tellPeople(`the agent at ${client.shown} answers again`);
          isLost = false;
        }
        wasThere = true;
        after = batch.reduce<typeof after>((last, { event }) => numberAt(event, "index") ?? last, after);
        yield batch;
      }
    } catch (error) {
      if (!wasThere || !isPassing(error)) {
        throw error;
      }
      if (!isLost) {
        tellPeople(`lost the agent at ${client.shown}; trying again`);
        isLost = true;
      }
    }
    await sleep(AGAIN_AFTER_MS);
  }
}

/** It may be over when the agent has restarted. */
function isPassing(error: unknown): error is CommandFailure {
  return (
    error instanceof CommandFailure && (error.exitCode === EXIT.unreachable || error.code === "stopping")
  );
}

/** The first batch comes as soon as the agent answers, and may be empty. Keep-alives are left out. */
async function* eventBatches(
  client: AgentClient,
  query: EventQuery & { readonly follow?: string },
): AsyncGenerator<readonly EventLine[]> {
  let rest = "";
  for await (const piece of client.stream("/v1/events", {
    query: { ...query },
    accept: "application/x-ndjson",
  })) {
    const lines = `${rest}${piece}`.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) {
      throw notAnAgent(client.shown, `a line of more than ${LONGEST_LINE} characters among its events`);
    }
    const batch = lines.filter((line) => line.trim() !== "").flatMap((line) => eventIn(client, line));
    if (batch.length > 0 || piece === "") {
      yield batch;
    }
  }
}

function eventIn(client: AgentClient, line: string): EventLine | [] {
  const event = jsonOf(line);
  if (!isJsonObject(event)) {
    throw notAnAgent(client.shown, "expected a JSON object in each line of its events");
  }
  return Object.keys(event).length === 0 ? [] : { event, line };
}

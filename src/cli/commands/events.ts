import { type EventLine, followedEvents, heldEvents } from "../client/event-stream.ts";
import type { ClientCommand, ClientFlags } from "../client-run.ts";
import { EXIT } from "../command-failure.ts";
import { EventLines } from "../show/events-text.ts";

export interface EventsFlags extends ClientFlags {
  readonly follow?: boolean;
  readonly kind?: string;
  readonly minSeverity?: string;
  /** An index, or `now`. */
  readonly after?: string;
}

/** What happened, as the agent's journal has it, and with `follow` what happens from now on. */
export const runEvents: ClientCommand<EventsFlags> = async ({ client, flags, output, times }) => {
  const { after, kind, minSeverity, pool } = flags;
  const query = { pool, kind, min_severity: minSeverity, after };
  const lines = new EventLines(times, output.paint);
  const show = ({ event, line }: EventLine) => {
    if (output.isJson) {
      output.text(line);
    } else {
      output.lines([lines.lineOf(event)]);
    }
  };
  if (flags.follow !== true) {
    for await (const event of heldEvents(client, query)) {
      show(event);
    }
    return EXIT.done;
  }
  for await (const batch of followedEvents(client, query)) {
    batch.forEach(show);
  }
  return EXIT.done;
};

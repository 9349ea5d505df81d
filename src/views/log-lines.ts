/** The log as a view of the journal. */

import type { Journal, JournalEntry } from "../core/journal.ts";
import type { JournalEvent } from "../core/journal-event.ts";
import type { Logger } from "../core/ports.ts";
import { printable } from "../core/printable.ts";

/** Logs of each part carry the part's name. */
export interface PartLogger extends Logger {
  child(bindings: { name: string }): Logger;
}

/** One line of the log. */
export interface JournalLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
  /** The part that says it; by default the pool's. */
  readonly part?: "agent" | "agent.clock";
}

type LineOf = {
  readonly [Kind in JournalEvent["kind"]]: (
    event: Extract<JournalEvent, { kind: Kind }>,
    pool: string | undefined,
  ) => JournalLine | undefined;
};

/** What a heartbeat is called, by what was before it. The first of a row is news, the others are routine. */
const HEARD = { waiting: "first heartbeat", failing: "heartbeats again", ok: "heartbeat" } as const;

const NO_LINE = () => undefined;

const LINE_OF: LineOf = {
  "agent-started": NO_LINE,
  "agent-stopping": NO_LINE,
  "contact-changed": NO_LINE,
  "dns-degraded": NO_LINE,
  "dns-serving": NO_LINE,
  "empty-applied": NO_LINE,
  "empty-held": NO_LINE,
  failback: NO_LINE,
  "leader-changed": NO_LINE,
  "list-changed": NO_LINE,
  "outage-ended": NO_LINE,
  "rebalance-kept": NO_LINE,
  "server-penalised": NO_LINE,
  "standby-up": NO_LINE,
  "pool-added": ({ onDemand }, pool) => ({
    part: "agent",
    ...info({ pool, ...(onDemand ? { on_demand: true } : {}) }, "a pool was added"),
  }),
  "pool-removed": (_event, pool) => ({ part: "agent", ...info({ pool }, "a pool was removed") }),
  "pool-changed": ({ changed }, pool) => ({
    part: "agent",
    ...info({ pool, changed }, "a pool goes on with other settings"),
  }),
  "config-reloaded": ({ changed, needsRestart }) => ({
    part: "agent",
    ...(needsRestart.length === 0
      ? info({ changed }, "reloaded: the configuration is valid")
      : warn(
          { changed, needsRestart },
          "reloaded: the configuration is valid, and part of it waits for a restart",
        )),
  }),
  "config-refused": ({ error }) => ({
    part: "agent",
    level: "error",
    fields: { reason: error },
    message: "the configuration can't be used: nothing has changed",
  }),
  "head-changed": ({ cause, head }, pool) => ({
    part: "agent",
    ...info({ pool, head, ...cause }, "new head"),
  }),
  "head-failed": ({ by, head, reason, server }) =>
    warn(
      { server, reason, head },
      by === "next" ? "server failed: next one is head" : "servers failed: the first that answers is head",
    ),
  "local-trouble": ({ reason, server }) =>
    warn({ server, reason }, "this machine could not ask a server: nothing is proved about it"),
  feedback: ({ client, isNews, reason, server, text, tookMs, verdict }) => ({
    level: isNews && verdict !== "noted" ? "info" : "debug",
    fields: { server, client, verdict, reason, tookMs },
    message: `a program reports a server: ${text}`,
  }),
  "standby-down": ({ reason, server }) => debug({ server, reason }, "the next server is down"),
  "server-up": ({ server }) => info({ server }, "a server answers again"),
  "outage-began": ({ reason, servers }) => ({
    level: "error",
    fields: { servers, reason },
    message: "no server answers: the list stays as it is",
  }),
  "address-failed": ({ address, reason, server }) =>
    warn({ server, address, reason }, "an address of the server fails: not given while another answers"),
  "address-answered": ({ address, server }) =>
    info({ server, address }, "an address of the server answers again"),
  "configured-server-refused": ({ reason }) => warn({ reason }, "configured server can't be used"),
  heartbeat: ({ after, leader, server, servers }) => ({
    level: after === "ok" ? "debug" : "info",
    fields: { server, servers, leader: printable(leader) },
    message: HEARD[after],
  }),
  "heartbeat-failed": ({ isNews, reason, server }) => ({
    level: isNews ? "warn" : "debug",
    fields: { server, reason },
    message: "no heartbeat from this server",
  }),
  "heartbeat-servers-refused": ({ news, rejected }) =>
    warn({ rejected }, `servers of the heartbeat left out: ${news}`),
  "consul-failed": (event) =>
    event.isNews
      ? warn(fieldsOf(event), "Consul fails; the servers it reported stay, and it is tried again")
      : debug(fieldsOf(event), "Consul still fails"),
  "consul-recovered": ({ downMs, servers }) => info({ servers, downMs }, "Consul answers again"),
  "datacenter-failed": (event) => debug(fieldsOf(event), "another datacenter fails"),
  "datacenter-used": (event) => info(fieldsOf(event), "another datacenter's servers are used"),
  "query-ended-early": (event) =>
    debug(fieldsOf(event), "something on the way to Consul ended a query that waited; it is asked anew"),
  "query-wait-limited": (event) =>
    info(
      fieldsOf(event),
      event.waitMs === undefined
        ? "queries to Consul wait as long as configured again"
        : "something on the way to Consul ends queries that wait; they wait for a shorter time now",
    ),
  "instances-left-out": ({ leftOut, news, service }) =>
    warn({ service, leftOut }, `instances in Consul left out: ${news}`),
  "consul-rights": ({ isNews, message, service }) => ({
    level: !isNews ? "debug" : message === undefined ? "info" : "warn",
    fields: { service },
    message: message ?? "Consul hides nothing from the token any more",
  }),
  "server-barred": (event) => ({
    level: event.isFirst ? "warn" : "debug",
    fields: fieldsOf(event),
    message: "server does not serve our region: not used",
  }),
  "server-admitted": ({ region, server }) =>
    info({ server, region }, "server serves our region now: used again"),
  "state-restored": ({ ageMs, servers }) =>
    warn({ servers, ageMs }, "the last known list, from the state file: used until a source reports"),
  "state-expired": ({ ageMs, servers }) =>
    warn({ servers, ageMs }, "what the state file says is older than state.max_age: not used"),
  "state-refused": ({ file, keptAs, reason }) => ({
    part: "agent",
    ...warn({ file, reason, keptAs }, "the state file can't be used: the agent starts without it"),
  }),
  "state-write-failed": ({ file, reason }) => ({
    part: "agent",
    ...warn({ file, reason }, "the state file can't be written: the agent goes on, and tries again"),
  }),
  "state-write-recovered": ({ failedMs, file }) => ({
    part: "agent",
    ...info({ file, failedMs }, "the state file is written again"),
  }),
  "clock-jumped": ({ byMs }) => ({
    part: "agent.clock",
    ...warn(
      { byMs },
      "the machine's clock was set, or the machine slept: times in this log jump, intervals do not",
    ),
  }),
};

/** What the log says of an event; `undefined`: nothing. */
export function logLineOf({ event, pool }: Pick<JournalEntry, "event" | "pool">): JournalLine | undefined {
  // The key is the event's own kind, so the function takes this event.
  const lineOf = LINE_OF[event.kind] as (event: JournalEvent, pool?: string) => JournalLine | undefined;
  return lineOf(event, pool);
}

/** Writes the lines of each entry, from now on. @returns the function that ends it. */
export function logJournal(journal: Journal, logger: PartLogger): () => void {
  const parts = new Map<string, Logger>([["agent", logger]]);
  const partOf = (name: string) => {
    const part = parts.get(name) ?? logger.child({ name });
    parts.set(name, part);
    return part;
  };
  return journal.subscribe((entry) => {
    const line = logLineOf(entry);
    if (line !== undefined) {
      const { part = `agent.pool.${entry.pool ?? ""}` } = line;
      partOf(part)[line.level](line.fields, line.message);
    }
  });
}

/** What an event says besides its kind, and how it is told. */
function fieldsOf(event: JournalEvent): object {
  const told = new Set(["kind", "isNews", "isFirst"]);
  return Object.fromEntries(Object.entries(event).filter(([name]) => !told.has(name)));
}

function debug(fields: object, message: string): JournalLine {
  return { level: "debug", fields, message };
}

function info(fields: object, message: string): JournalLine {
  return { level: "info", fields, message };
}

function warn(fields: object, message: string): JournalLine {
  return { level: "warn", fields, message };
}

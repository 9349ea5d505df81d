import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Journal } from "../../src/core/journal.ts";
import type { PoolEvent } from "../../src/core/journal-event.ts";
import { logJournal, logLineOf } from "../../src/views/log-lines.ts";
import { FakeClock, FakeLogger, type LogLine } from "../support/fake-ports.ts";

const SERVER = "10.0.0.1:1";
const OTHER = "10.0.0.2:1";
const FAILURE = { code: "unreachable", reason: "connection refused" };

type Row = [event: PoolEvent, level: string, message: string, fields: object];

/** Each kind of event of a pool, and each way in which it is told. */
const TABLE: Row[] = [
  [
    { kind: "head-failed", server: SERVER, reason: "refused", head: OTHER, by: "next" },
    "warn",
    "server failed: next one is head",
    { server: SERVER, reason: "refused", head: OTHER },
  ],
  [
    { kind: "head-failed", server: SERVER, reason: "refused", head: OTHER, by: "search" },
    "warn",
    "servers failed: the first that answers is head",
    { server: SERVER, reason: "refused", head: OTHER },
  ],
  [
    { kind: "standby-down", server: SERVER, reason: "refused" },
    "debug",
    "the next server is down",
    { server: SERVER, reason: "refused" },
  ],
  ...(
    [
      ["refuted", true, "info"],
      ["refuted", false, "debug"],
      ["noted", true, "debug"],
    ] as const
  ).map(([verdict, isNews, level]): Row => {
    const fields = { server: SERVER, client: "web-7", verdict, reason: "timeout", tookMs: 12 };
    const text = "it answered the agent within 12 ms";
    return [
      { kind: "feedback", ...fields, text, isNews },
      level,
      `a program reports a server: ${text}`,
      fields,
    ];
  }),
  [
    { kind: "local-trouble", server: SERVER, reason: "no socket left" },
    "warn",
    "this machine could not ask a server: nothing is proved about it",
    { server: SERVER, reason: "no socket left" },
  ],
  [{ kind: "server-up", server: SERVER }, "info", "a server answers again", { server: SERVER }],
  [
    { kind: "outage-began", servers: 3, reason: "refused" },
    "error",
    "no server answers: the list stays as it is",
    { servers: 3, reason: "refused" },
  ],
  [
    { kind: "address-failed", server: SERVER, address: "10.0.0.9", reason: "refused" },
    "warn",
    "an address of the server fails: not given while another answers",
    { server: SERVER, address: "10.0.0.9", reason: "refused" },
  ],
  [
    { kind: "address-answered", server: SERVER, address: "10.0.0.9" },
    "info",
    "an address of the server answers again",
    { server: SERVER, address: "10.0.0.9" },
  ],
  [
    { kind: "configured-server-refused", reason: "no port" },
    "warn",
    "configured server can't be used",
    { reason: "no port" },
  ],
  [
    { kind: "heartbeat", after: "waiting", server: SERVER, servers: 3, leader: OTHER },
    "info",
    "first heartbeat",
    { server: SERVER, servers: 3, leader: OTHER },
  ],
  [
    { kind: "heartbeat", after: "failing", server: SERVER, servers: 3, leader: "" },
    "info",
    "heartbeats again",
    { server: SERVER, servers: 3, leader: "" },
  ],
  [
    { kind: "heartbeat", after: "ok", server: SERVER, servers: 3, leader: "\u001b[31m" },
    "debug",
    "heartbeat",
    { server: SERVER, servers: 3, leader: "\\u{1b}[31m" },
  ],
  ...([true, false] as const).map((isNews): (typeof TABLE)[number] => [
    { kind: "heartbeat-failed", server: SERVER, reason: "refused", isNews },
    isNews ? "warn" : "debug",
    "no heartbeat from this server",
    { server: SERVER, reason: "refused" },
  ]),
  [
    { kind: "heartbeat-servers-refused", rejected: 2, news: "a: no port" },
    "warn",
    "servers of the heartbeat left out: a: no port",
    { rejected: 2 },
  ],
  [
    { kind: "consul-failed", ...FAILURE, attempt: 1, retryInMs: 500, isNews: true },
    "warn",
    "Consul fails; the servers it reported stay, and it is tried again",
    { ...FAILURE, attempt: 1, retryInMs: 500 },
  ],
  [
    { kind: "consul-failed", ...FAILURE, attempt: 2, retryInMs: 500, isNews: false },
    "debug",
    "Consul still fails",
    { ...FAILURE, attempt: 2, retryInMs: 500 },
  ],
  [
    { kind: "consul-recovered", servers: 3, downMs: 500 },
    "info",
    "Consul answers again",
    { servers: 3, downMs: 500 },
  ],
  [
    { kind: "datacenter-failed", ...FAILURE, datacenter: "dc2" },
    "debug",
    "another datacenter fails",
    { ...FAILURE, datacenter: "dc2" },
  ],
  [
    { kind: "datacenter-used", datacenter: "dc2", servers: 3 },
    "info",
    "another datacenter's servers are used",
    { datacenter: "dc2", servers: 3 },
  ],
  [
    { kind: "query-ended-early", ...FAILURE, tookMs: 5 },
    "debug",
    "something on the way to Consul ended a query that waited; it is asked anew",
    { ...FAILURE, tookMs: 5 },
  ],
  [
    { kind: "query-wait-limited", waitMs: 5 },
    "info",
    "something on the way to Consul ends queries that wait; they wait for a shorter time now",
    { waitMs: 5 },
  ],
  [
    { kind: "query-wait-limited", datacenter: "dc2" },
    "info",
    "queries to Consul wait as long as configured again",
    { datacenter: "dc2" },
  ],
  [
    { kind: "instances-left-out", service: "web", leftOut: 1, news: "a: no port" },
    "warn",
    "instances in Consul left out: a: no port",
    { service: "web", leftOut: 1 },
  ],
  [
    { kind: "consul-rights", service: "web", message: "Consul hides nodes", isNews: true },
    "warn",
    "Consul hides nodes",
    { service: "web" },
  ],
  [
    { kind: "consul-rights", service: "web", isNews: true },
    "info",
    "Consul hides nothing from the token any more",
    { service: "web" },
  ],
  [
    { kind: "consul-rights", service: "web", isNews: false },
    "debug",
    "Consul hides nothing from the token any more",
    { service: "web" },
  ],
  ...([true, false] as const).map((isFirst): (typeof TABLE)[number] => [
    { kind: "server-barred", server: SERVER, region: "global", own: "eu", isFirst },
    isFirst ? "warn" : "debug",
    "server does not serve our region: not used",
    { server: SERVER, region: "global", own: "eu" },
  ]),
  [
    { kind: "server-admitted", server: SERVER, region: "global" },
    "info",
    "server serves our region now: used again",
    { server: SERVER, region: "global" },
  ],
];

/** Loggers that say who wrote a line. */
function namedLoggers() {
  const lines: (LogLine & { readonly name: string })[] = [];
  const named = (name: string) => {
    const logger = new FakeLogger();
    logger.lines.push = (...added: LogLine[]) => lines.push(...added.map((line) => ({ ...line, name })));
    return logger;
  };
  const root = Object.assign(named("agent"), { child: ({ name }: { name: string }) => named(name) });
  return { lines, root };
}

suite("the log of the journal", () => {
  test("has one line for an event, of the level, with the fields and the words of its kind", () => {
    for (const [event, level, message, fields] of TABLE) {
      assert.deepEqual(logLineOf({ event, pool: "web" }), { level, message, fields });
    }
  });

  test("is written as events come, each by the part that it is about; not any more when it has ended", () => {
    const { lines, root } = namedLoggers();
    const journal = new Journal(new FakeClock(), root);
    const end = logJournal(journal, root);
    const note = journal.of("web");
    const cause = { occurrence: "rebalanced", source: "rebalancer", server: SERVER } as const;
    note({ kind: "head-changed", head: SERVER, previousHead: OTHER, revision: 7, cause });
    note({ kind: "server-up", server: SERVER });
    note({ kind: "contact-changed", contact: "orphaned" });
    journal.note({ kind: "clock-jumped", byMs: 5 });
    end();
    note({ kind: "server-up", server: OTHER });
    assert.deepEqual(
      lines.map(({ fields, level, message, name }) => [name, level, message.split(/[,:]/)[0], fields]),
      [
        ["agent", "info", "new head", { pool: "web", head: SERVER, ...cause }],
        ["agent.pool.web", "info", "a server answers again", { server: SERVER }],
        ["agent.clock", "warn", "the machine's clock was set", { byMs: 5 }],
      ],
    );
  });
});

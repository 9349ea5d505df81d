/** What the timeline says of an event of the journal: pure. Routine, such as each heartbeat, is not told. */
import type { JournalEntry } from "../journal.ts";
import type { JournalEvent } from "../journal-event.ts";
import { printable } from "../printable.ts";
import { rfc3339 } from "../time/rfc3339.ts";
import { causeInWords, shownCause, type Told, tierInWords } from "./timeline-event.ts";
import { about, downTold, refusedTold, sourceTold, told, upTold } from "./told-forms.ts";
import { TOLD_OF_CONFIG, type ToldOf } from "./told-of-config.ts";
import { TOLD_OF_STATE } from "./told-of-state.ts";
import { changesInWords, milliseconds, spanOf, times } from "./words.ts";

type ToldOfAll = {
  readonly [Kind in JournalEvent["kind"]]: ToldOf<Kind>;
};

const TOLD_OF: ToldOfAll = {
  "head-changed": ({ cause, head, heldMs, previousHead, revision, tier }) =>
    told(
      "head-changed",
      head === undefined ? "error" : cause.occurrence === "server-failed" ? "warn" : "info",
      `${previousHead ?? "none"} → ${head ?? "none"}${tierInWords(tier)}: ${causeInWords(cause)}`,
      {
        head: head ?? null,
        previous_head: previousHead ?? null,
        tier: tier ?? null,
        revision,
        cause: shownCause(cause),
        held_ms: milliseconds(heldMs),
      },
    ),
  "list-changed": ({ cause, counts, difference, revision }) =>
    told("list-changed", "info", `${changesInWords(counts)}: ${causeInWords(cause)}`, {
      revision,
      cause: shownCause(cause),
      ...difference,
      counts,
    }),
  "leader-changed": ({ leader, numNodes, previousLeader }) =>
    told(
      "leader-changed",
      leader === "" ? "warn" : "info",
      leader === "" ? `no leader; it was ${previousLeader}` : `the leader is ${leader}`,
      { leader: leader === "" ? null : leader, previous_leader: previousLeader || null, num_nodes: numNodes },
    ),
  "head-failed": ({ head, server, ...why }) =>
    downTold("head", server, why, `${server} failed (${why.reason}); ${head} takes its place`),
  "standby-down": ({ code, reason, server }) =>
    downTold("standby", server, { code, reason }, `${server}, the next server, is down (${reason})`),
  feedback: ({ client, reason, server, text, tookMs, verdict }) =>
    about(
      `${server} ${verdict}`,
      told(
        "feedback",
        verdict === "confirmed" ? "warn" : "info",
        `${client} reports ${server}${reason ? ` (${printable(reason)})` : ""}: ${text}`,
        { server, client, verdict, rtt_ms: milliseconds(tookMs), reason: reason ?? null },
      ),
    ),
  "local-trouble": ({ reason, server }) =>
    about(
      "sockets",
      told("local-trouble", "warn", `${server} could not be asked: ${printable(reason)}`, {
        server,
        reason: printable(reason),
      }),
    ),
  "server-up": ({ downMs, server }) => upTold(server, downMs),
  "standby-up": ({ downMs, server }) => upTold(server, downMs),
  "server-penalised": ({ failures, forMs, server }) =>
    about(
      server,
      told(
        "server-penalised",
        "info",
        `${server} failed ${times(failures)}: not chosen for ${spanOf(forMs)}`,
        {
          server,
          failures,
          for_ms: milliseconds(forMs),
        },
      ),
    ),
  "outage-began": ({ code, reason, servers }) =>
    told("outage-began", "error", `none of ${servers} servers answers: the list stays as it is`, {
      servers,
      code: code ?? null,
      reason: printable(reason),
    }),
  "outage-ended": ({ lastedMs, server }) =>
    told(
      "outage-ended",
      "info",
      server === undefined ? `the outage ended after ${spanOf(lastedMs)}` : `${server} answers again`,
      { server: server ?? null, lasted_ms: milliseconds(lastedMs) },
    ),
  "contact-changed": ({ contact, lastHeartbeatAt }) =>
    told(
      contact === "held" ? "contact-held" : "contact-lost",
      contact === "held" ? "info" : "warn",
      contact === "held"
        ? "a heartbeat names a leader"
        : "no heartbeat with a leader: Consul's servers are primaries",
      { last_heartbeat_at: lastHeartbeatAt === undefined ? null : rfc3339(lastHeartbeatAt) },
    ),
  failback: ({ server }) => told("failback", "info", `back from a backup to ${server}`, { server }),
  "rebalance-kept": ({ answered, pinged }) =>
    about(
      "rebalance",
      told("rebalance-kept", "info", `a rebalance kept the order: ${pinged} asked, ${answered} answered`, {
        pinged,
        answered,
      }),
    ),
  heartbeat: ({ after, failedMs, server }) =>
    after === "failing"
      ? sourceTold("source-recovered", "info", "heartbeat", `heartbeats again, from ${server}`, {
          lasted_ms: milliseconds(failedMs),
        })
      : undefined,
  "heartbeat-failed": ({ isNews, reason, server }) =>
    isNews
      ? sourceTold(
          "source-failed",
          "warn",
          "heartbeat",
          `no heartbeat from ${server} (${printable(reason)})`,
          {
            code: null,
            reason: printable(reason),
            attempt: 1,
            server,
          },
        )
      : undefined,
  "consul-failed": ({ attempt, code, isNews, reason }) =>
    isNews
      ? sourceTold("source-failed", "warn", "consul", `Consul fails (${printable(reason)})`, {
          code,
          reason: printable(reason),
          attempt,
        })
      : undefined,
  "consul-recovered": ({ downMs, servers }) =>
    sourceTold("source-recovered", "info", "consul", `Consul answers again, with ${servers} servers`, {
      lasted_ms: milliseconds(downMs),
    }),
  "empty-held": ({ forMs }) =>
    told("empty-held", "warn", `Consul lists no server: that counts in ${spanOf(forMs)}`, {
      source: "consul",
      for_ms: milliseconds(forMs),
    }),
  "empty-applied": ({ removed }) =>
    told("empty-applied", "warn", `Consul lists no server: ${removed} no longer reported`, {
      source: "consul",
      removed,
    }),
  "address-failed": ({ address, reason, server }) =>
    about(
      `${server} ${address}`,
      told("address-failed", "warn", `${address} of ${server} fails (${printable(reason)})`, {
        server,
        address,
        reason: printable(reason),
      }),
    ),
  "address-answered": ({ address, server }) =>
    about(
      `${server} ${address}`,
      told("address-answered", "info", `${address} of ${server} answers again`, { server, address }),
    ),
  "configured-server-refused": ({ reason }) => refusedTold("configured-server-refused", printable(reason)),
  "heartbeat-servers-refused": ({ news }) =>
    refusedTold("heartbeat-servers-refused", `servers of the heartbeat left out: ${printable(news)}`),
  "instances-left-out": ({ news }) =>
    refusedTold("instances-left-out", `instances in Consul left out: ${printable(news)}`),
  "consul-rights": ({ isNews, message }) =>
    isNews
      ? told(
          "consul-rights",
          message === undefined ? "info" : "warn",
          printable(message ?? "Consul hides nothing from the token any more"),
          {},
        )
      : undefined,
  "datacenter-used": ({ datacenter, servers }) =>
    told(
      "datacenter-used",
      "info",
      `${servers} servers of another datacenter are used: ${datacenter ?? "unnamed"}`,
      {
        datacenter: datacenter ?? null,
        servers,
      },
    ),
  "datacenter-failed": undefined,
  "query-ended-early": undefined,
  "query-wait-limited": ({ waitMs }) =>
    told(
      "query-wait-limited",
      "info",
      waitMs === undefined
        ? "queries to Consul wait as long as configured again"
        : "something on the way ends queries that wait",
      { wait_ms: milliseconds(waitMs) },
    ),
  "server-barred": ({ own, region, server }) =>
    about(
      server,
      told("server-barred", "warn", `${server} does not serve region ${region}: not used`, {
        server,
        region,
        own_region: own ?? null,
      }),
    ),
  "server-admitted": ({ region, server }) =>
    about(
      server,
      told("server-admitted", "info", `${server} serves region ${region} now`, { server, region }),
    ),
  ...TOLD_OF_CONFIG,
  ...TOLD_OF_STATE,
  "agent-started": ({ version }) =>
    told("agent-started", "info", `headwaiter ${version} started`, { version }),
  "agent-stopping": () => told("agent-stopping", "info", "the agent stops", {}),
  "dns-degraded": ({ reason }) =>
    told(
      "dns-degraded",
      "error",
      `a thread that answers DNS died (${printable(reason)}); it is started again`,
      {
        reason: printable(reason),
      },
    ),
  "dns-serving": () => told("dns-serving", "info", "all threads answer DNS again", {}),
  "clock-jumped": ({ byMs }) =>
    told("clock-jumped", "warn", `the machine's clock was set by ${byMs} ms, or the machine slept`, {
      by_ms: byMs,
    }),
};

/** `undefined`: nothing. */
export function toldOf({ event }: Pick<JournalEntry, "event">): Told | undefined {
  // The key is the event's own kind, so the function takes this event.
  const tell = TOLD_OF[event.kind] as ((event: JournalEvent) => Told | undefined) | undefined;
  return tell?.(event);
}

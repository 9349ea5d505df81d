/** DNS beside readers of HTTP: rounds with them and without, in turn, so that all of them see the same machine. */
import { setTimeout as during } from "node:timers/promises";
import { AgentProcess } from "./agent-process.ts";
import { type RoundOutcome, startDnsRounds } from "./dns-rounds.ts";
import { startHttpReaders } from "./http-readers.ts";
import { startPlainEventServer } from "./plain-event-server.ts";
import { residentMb, type ThreadTimes, threadTimes, timesBetween } from "./process-figures.ts";

/** As many as the agent takes. */
export const READERS = { waiters: 64, streams: 32, silent: 8 };
const PER_SECOND = 5_000;
const EVENTS_PER_SECOND = 10;

/**
 * Nothing happens: `calm` without readers, `waiting` with. The list changes 10 times a second: `changing` without
 * readers, `told` with, `elsewhere` with readers whom another program tells of as much.
 */
export type RoundKind = "calm" | "waiting" | "changing" | "told" | "elsewhere";

export interface ReaderRound extends RoundOutcome {
  /** Of the agent's threads: the one for all but DNS, and the one that answers DNS. */
  readonly main: ThreadTimes;
  readonly dns: ThreadTimes;
  readonly events: number;
  /** Answers to readers that wait. */
  readonly answers: number;
  /** Resident memory of the agent at the end. */
  readonly residentMb: number;
}

interface RoundsOptions {
  readonly kinds: readonly RoundKind[];
  readonly rounds: number;
  readonly roundMs: number;
  /** Of the process of all readers: see `ForkedPart.start`. */
  readonly readersNice: number;
}

/** The first round of each kind is to get warm, and not among them. */
export async function readerRounds(options: RoundsOptions): Promise<Map<RoundKind, readonly ReaderRound[]>> {
  const pools = { web: { heartbeat: "push", ping: "none", backups: null } };
  await using agent = await AgentProcess.start({ log: { level: "info" }, pools });
  await using asker = startDnsRounds();
  await using readers = startHttpReaders(options.readersNice);
  await using plain = startPlainEventServer();
  const { address: plainAddress } = await plain.order({ kind: "listen" });
  const agentAddress = `127.0.0.1:${agent.httpPort}`;
  let beats = 0;
  const change = async () => {
    beats += 1;
    const servers = [{ address: "10.0.0.1:1" }, { address: `10.0.1.${beats % 200}:1` }];
    const reply = await fetch(`http://${agentAddress}/v1/pools/web/heartbeat`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ servers, leader: "10.0.0.1:1", ttl_seconds: 60 }),
    });
    if (reply.status !== 200) {
      throw new Error(`the agent answers a heartbeat ${reply.status}: ${await reply.text()}`);
    }
    await reply.arrayBuffer();
  };
  const roundOf = async (kind: RoundKind): Promise<ReaderRound> => {
    const address = kind === "elsewhere" ? plainAddress : agentAddress;
    if (kind !== "calm" && kind !== "changing") {
      await readers.order({ kind: "read", address, pool: "web", ...READERS });
    }
    const before = await readers.order({ kind: "count" });
    const [main, dns] = [threadTimes(agent.pid, "MainThread"), threadTimes(agent.pid, "dns")];
    const name = "_web._tcp.headwaiter.internal";
    const { dnsAddress } = agent;
    const state = { isOver: false };
    const asked = asker
      .order({ address: dnsAddress, name, perSecond: PER_SECOND, forMs: options.roundMs })
      .finally(() => {
        state.isOver = true;
      });
    const beatsBefore = beats;
    while (kind !== "calm" && kind !== "waiting" && !state.isOver) {
      await Promise.all([change(), kind === "elsewhere" && plain.order({ kind: "event" })]);
      await during(1_000 / EVENTS_PER_SECOND);
    }
    const outcome = await asked;
    const after = await readers.order({ kind: "count" });
    const round = {
      ...outcome,
      main: timesBetween(main, threadTimes(agent.pid, "MainThread")),
      dns: timesBetween(dns, threadTimes(agent.pid, "dns")),
      events: beats - beatsBefore,
      answers: after.answers - before.answers,
      residentMb: residentMb(agent.pid),
    };
    await readers.order({ kind: "leave" });
    return round;
  };
  await change();
  const seen = new Map<RoundKind, ReaderRound[]>();
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const kind of options.kinds) {
      const outcome = await roundOf(kind);
      if (round > 0) {
        seen.set(kind, [...(seen.get(kind) ?? []), outcome]);
      }
    }
  }
  return seen;
}

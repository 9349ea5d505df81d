import type { NodeServerInfo } from "../core/api-version-filter.ts";
import { delay } from "../core/delay.ts";
import type { Fleet } from "../core/fleet.ts";
import type { Clock, Logger, Random } from "../core/ports.ts";
import { fleetPaceMs } from "../core/rebalance.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import type { ContactWatch } from "./contact.ts";
import { drawnOnce, FleetWaits, type WaitLength } from "./fleet-waits.ts";
import { rotateWhile } from "./rotation.ts";

/** As Nomad's own clients in a small cluster: every 10 to 20 s, and the first one within 10 s of the start. */
const MIN_PERIOD_MS = 10_000;

/** Heartbeats per second that one server sees from the whole fleet, as in Nomad: 5 servers, 100,000 nodes → every 400 s. */
const HEARTBEATS_PER_SECOND_PER_SERVER = 50;

/** The scaled base of the period ends here, so the period at 30 min: 5 servers are there with 225,000 nodes, and see 148 a second of 1,000,000. */
const LONGEST_BASE_MS = 900_000;

/** The wait after a failed round is random and doubles from 1 s up to this. */
const MAX_BACKOFF_MS = 30_000;

/** Other servers asked for a leader when the head names none: enough to find the majority's side among five. */
const SERVERS_ASKED_FOR_LEADER = 4;

/** What a heartbeat is called, by the phase before it. The first of a row is news, the others are routine. */
const HEARD = { waiting: "first heartbeat", failing: "heartbeats again", ok: "heartbeat" } as const;

/** What one server says of its cluster. */
export interface HeartbeatAnswer {
  readonly servers: readonly NodeServerInfo[];
  /** `undefined` when the server would not tell: the last number is kept. */
  readonly numNodes: number | undefined;
  /** "" when it knows of no leader. */
  readonly leaderRpcAddr: string;
}

/** An answer, and the server that gave it. */
interface Heard {
  readonly from: ServerEndpoint;
  readonly answer: HeartbeatAnswer;
}

/** Asks one server; rejects when it can't be asked, or does not answer. */
export type HeartbeatQuery = (server: ServerEndpoint, signal: AbortSignal) => Promise<HeartbeatAnswer>;

interface HeartbeatPorts {
  readonly proxy: Pick<
    RpcProxy,
    | "snapshot"
    | "subscribe"
    | "refreshServerLists"
    | "findServer"
    | "notifyFailedServer"
    | "numNodes"
    | "numServers"
  >;
  readonly query: HeartbeatQuery;
  readonly contact: ContactWatch;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What the source knows of itself. Times are by `Clock.now`. */
export type HeartbeatStatus =
  | { readonly phase: "waiting" }
  | { readonly phase: "ok"; readonly lastSuccessAt: number; readonly server: string }
  | { readonly phase: "failing"; readonly lastSuccessAt: number | undefined; readonly lastError: string };

/**
 * Asks the head for the servers of its cluster, again and again: the primaries of the list. A server that does not
 * answer is followed at once by the next one of the list, then by random, growing waits.
 */
export class Heartbeat {
  readonly #ports: HeartbeatPorts;
  readonly #waits: FleetWaits;
  #period: WaitLength = () => MIN_PERIOD_MS;
  #status: HeartbeatStatus = { phase: "waiting" };
  #running: AbortController | undefined;

  constructor(ports: HeartbeatPorts) {
    this.#ports = ports;
    this.#waits = new FleetWaits(ports.clock, ports.proxy);
  }

  status(): HeartbeatStatus {
    return this.#status;
  }

  start(): void {
    if (this.#running === undefined) {
      this.#running = new AbortController();
      this.#ports.contact.start(2 * MIN_PERIOD_MS);
      void this.#run(this.#running.signal);
    }
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#ports.contact.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, proxy, random } = this.#ports;
    if (proxy.snapshot().head === undefined) {
      await this.#firstServer(signal);
    } else {
      await delay(clock, random() * MIN_PERIOD_MS, signal);
    }
    for (let failures = 0; !signal.aborted; ) {
      const heard = await this.#askRound(failures, signal);
      failures = heard ? 0 : failures + 1;
      await (heard ? this.#untilDue(signal) : delay(clock, this.#backoffMs(failures), signal));
    }
  }

  /** Waits for one period. When it got shorter meanwhile, contact is judged by that from now on, too. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    const announcedMs = this.#period(this.#waits.fleet);
    await this.#waits.wait(this.#period, signal);
    const periodMs = this.#period(this.#waits.fleet);
    if (periodMs < announcedMs) {
      this.#ports.contact.expectWithin(periodMs);
    }
  }

  #firstServer(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        unsubscribe();
        signal.removeEventListener("abort", finish);
        resolve();
      };
      const unsubscribe = this.#ports.proxy.subscribe(finish);
      signal.addEventListener("abort", finish, { once: true });
    });
  }

  /** Asks one server and, when it fails, at once the next; later rounds begin further down the list. */
  async #askRound(failures: number, signal: AbortSignal): Promise<boolean> {
    const { servers } = this.#ports.proxy.snapshot();
    const first = servers.length === 0 ? 0 : (failures * 2) % servers.length;
    for (const server of [...servers.slice(first), ...servers.slice(0, first)].slice(0, 2)) {
      const answer = await this.#ask(server, signal);
      if (answer !== undefined) {
        await this.#take(server, answer, signal);
        return true;
      }
      if (signal.aborted) {
        return false;
      }
    }
    return false;
  }

  async #ask(server: ServerEndpoint, signal: AbortSignal): Promise<HeartbeatAnswer | undefined> {
    const { logger, query } = this.#ports;
    try {
      return await query(server, signal);
    } catch (error) {
      if (!signal.aborted) {
        const lastError = error instanceof Error ? error.message : String(error);
        const level = this.#status.phase === "failing" ? "debug" : "warn";
        const lastSuccessAt = this.#status.phase === "waiting" ? undefined : this.#status.lastSuccessAt;
        this.#status = { phase: "failing", lastSuccessAt, lastError };
        logger[level]({ server: server.key, reason: lastError }, "no heartbeat from this server");
      }
      return undefined;
    }
  }

  async #take(server: ServerEndpoint, answer: HeartbeatAnswer, signal: AbortSignal): Promise<void> {
    const { clock, contact, logger, proxy, random } = this.#ports;
    const heard: Heard = { from: server, answer };
    const { from, answer: best } =
      answer.leaderRpcAddr === "" ? await this.#fromLeadersSide(heard, signal) : heard;
    if (signal.aborted) {
      return;
    }
    const { leaderRpcAddr, numNodes = proxy.numNodes(), servers } = best;
    const rejected = await proxy.refreshServerLists(servers, numNodes, leaderRpcAddr, { server: from });
    for (const { address, code } of rejected) {
      logger.debug({ address, code }, "heartbeat names a server that can't be used");
    }
    const fields = { server: from.key, servers: servers.length, leader: leaderRpcAddr };
    logger[this.#status.phase === "ok" ? "debug" : "info"](fields, HEARD[this.#status.phase]);
    this.#status = { phase: "ok", lastSuccessAt: clock.now(), server: from.key };
    const chance = drawnOnce(random);
    this.#period = (fleet) => (1 + chance()) * basePeriodMs(fleet);
    contact.heard(this.#period(this.#waits.fleet), leaderRpcAddr !== "");
  }

  /** A server without a leader, while another one has one, sits in a minority: as good as failed. */
  async #fromLeadersSide(leaderless: Heard, signal: AbortSignal): Promise<Heard> {
    const { servers } = this.#ports.proxy.snapshot();
    const others = servers.filter(({ key }) => key !== leaderless.from.key);
    const asked = new Map([[leaderless.from.key, "names no leader"]]);
    for (const other of others.slice(0, SERVERS_ASKED_FOR_LEADER)) {
      const otherAnswer = await this.#ask(other, signal);
      if (signal.aborted) {
        break;
      }
      if (otherAnswer !== undefined && otherAnswer.leaderRpcAddr !== "") {
        this.#leave(asked, `while ${other.key} names ${otherAnswer.leaderRpcAddr}`);
        return { from: other, answer: otherAnswer };
      }
      asked.set(other.key, otherAnswer === undefined ? "gives no heartbeat" : "names no leader");
    }
    return leaderless;
  }

  /** Rotates until the head is none of those that were asked in vain: the next one may sit in the same minority. */
  #leave(asked: ReadonlyMap<string, string>, because: string): void {
    rotateWhile(this.#ports.proxy, ({ key }) => {
      const finding = asked.get(key);
      return finding === undefined ? undefined : { source: "heartbeat", reason: `${finding}, ${because}` };
    });
  }

  /** Full jitter up to a doubling, capped limit. */
  #backoffMs(failures: number): number {
    return this.#ports.random() * Math.min(MAX_BACKOFF_MS, 1_000 * 2 ** Math.min(failures, 10));
  }
}

function basePeriodMs(fleet: Fleet): number {
  const scaledMs = fleetPaceMs(fleet, HEARTBEATS_PER_SECOND_PER_SERVER);
  return Math.max(MIN_PERIOD_MS, Math.min(LONGEST_BASE_MS, scaledMs));
}

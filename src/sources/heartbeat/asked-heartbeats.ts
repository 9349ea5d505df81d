import pRetry from "p-retry";
import type { AskForHeartbeat, Heard, HeartbeatAnswer } from "../../core/heartbeat.ts";
import type { Note } from "../../core/journal-event.ts";
import { LeftOut } from "../../core/left-out.ts";
import { Life } from "../../core/life.ts";
import { messageOf } from "../../core/message-of.ts";
import type { Clock, Logger, Random } from "../../core/ports.ts";
import type { EndpointError } from "../../core/rpc-addr.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { Runnable } from "../../core/running.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { type BackoffRule, backoffMs } from "../../core/time/backoff.ts";
import { delay } from "../../core/time/delay.ts";
import { drawnOnce, FleetWaits, type WaitLength } from "../../core/time/fleet-waits.ts";
import { isOfOtherRegion } from "../../net/connection/connection-error.ts";
import { type Contact, ContactWatch, type KnownContact } from "./contact.ts";
import { basePeriodMs, MIN_PERIOD_MS } from "./heartbeat-period.ts";
import type { HeartbeatStatus } from "./heartbeat-status.ts";
import { findLeaderSide, type LeaderSide } from "./leader-side.ts";
import { AFTER_ELECTION_MS, Minority } from "./minority.ts";

/** The wait after a failed round. */
const RETRY: BackoffRule = { baseMs: 2_000, maxMs: 30_000 };

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
  readonly query: AskForHeartbeat;
  /** Contact was lost, or is there again. */
  readonly contactChanged: (contact: Contact) => void;
  /** What is known of contact before the first heartbeat. */
  readonly contact?: KnownContact;
  readonly clock: Clock;
  readonly random: Random;
  readonly note: Note;
  readonly logger: Logger;
}

/**
 * Asks the head for the servers of its cluster, again and again: the primaries of the list. A server that does not
 * answer is followed at once by the next one of the list, then by random, growing waits.
 */
export class AskedHeartbeats implements Runnable {
  readonly #ports: HeartbeatPorts;
  readonly #waits: FleetWaits;
  readonly #contact: ContactWatch;
  readonly #minority: Minority;
  readonly #leftOut = new LeftOut();
  #untilNext: WaitLength = () => MIN_PERIOD_MS;
  #status: HeartbeatStatus = { phase: "waiting" };
  #nextAt: (() => number) | undefined;
  readonly #life = new Life();

  constructor(ports: HeartbeatPorts) {
    this.#ports = ports;
    this.#waits = new FleetWaits(ports.clock, ports.proxy);
    this.#contact = new ContactWatch(ports.clock, ports.contactChanged, ports.contact);
    this.#minority = new Minority(ports);
  }

  status(): HeartbeatStatus {
    return this.#status;
  }

  /** When a server is asked next, and when contact is lost without an answer, by `Clock.now`; where that is known. */
  due(): { readonly nextAt: number | undefined; readonly contactLostAt: number | undefined } {
    return { nextAt: this.#nextAt?.(), contactLostAt: this.#contact.lostAt };
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, async () => {
      await Promise.all([this.#contact.run(signal, 2 * MIN_PERIOD_MS), this.#askAgainAndAgain(signal)]);
    });
  }

  async #askAgainAndAgain(signal: AbortSignal): Promise<void> {
    const { clock, proxy, random } = this.#ports;
    if (proxy.snapshot().head === undefined) {
      await this.#firstServer(signal);
    } else {
      await delay(clock, random() * MIN_PERIOD_MS, signal);
    }
    while (!signal.aborted) {
      await this.#untilHeard(signal);
      await this.#untilDue(signal);
    }
  }

  /** Round after round, with growing waits between them, until a server answers or the signal aborts. */
  async #untilHeard(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    const round = async (attempt: number) => {
      if (!(await this.#askRound(attempt - 1, signal))) {
        throw new Error("no heartbeat in this round");
      }
    };
    await pRetry(round, {
      retries: Number.POSITIVE_INFINITY,
      // The waits are by our clock: p-retry adds none of its own.
      shouldConsumeRetry: () => false,
      onFailedAttempt: ({ attemptNumber }) => {
        const waitMs = backoffMs(attemptNumber, RETRY, random());
        const retryAt = clock.now() + waitMs;
        this.#nextAt = () => retryAt;
        return delay(clock, waitMs, signal);
      },
      signal,
    }).catch((error: unknown) => {
      if (!signal.aborted) {
        throw error;
      }
    });
  }

  /** When the wait got shorter while it lasted, contact is judged by that from now on, too. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    const drawnMs = this.#untilNext(this.#waits.fleet);
    const since = this.#ports.clock.now();
    this.#nextAt = () => since + Math.min(drawnMs, this.#untilNext(this.#waits.fleet));
    await this.#waits.wait(this.#untilNext, signal);
    const waitMs = this.#untilNext(this.#waits.fleet);
    if (waitMs < drawnMs) {
      this.#contact.expectWithin(waitMs);
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
    const { barred, servers: listed } = this.#ports.proxy.snapshot();
    // A server of another region may know servers of ours.
    const servers =
      listed.length > 0
        ? listed
        : barred
            .valueSeq()
            .toArray()
            .map(({ endpoint }) => endpoint);
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
    const { note, query } = this.#ports;
    try {
      return await query(server, signal);
    } catch (error) {
      if (!signal.aborted) {
        const lastError = messageOf(error);
        const isNews = this.#status.phase !== "failing" && !isOfOtherRegion(error);
        const lastSuccessAt = this.#status.phase === "waiting" ? undefined : this.#status.lastSuccessAt;
        const since = this.#status.phase === "failing" ? this.#status.since : this.#ports.clock.now();
        this.#status = { phase: "failing", since, lastSuccessAt, lastError };
        note({ kind: "heartbeat-failed", server: server.key, reason: lastError, isNews });
      }
      return undefined;
    }
  }

  async #take(server: ServerEndpoint, answer: HeartbeatAnswer, signal: AbortSignal): Promise<void> {
    const { clock, note, proxy, random } = this.#ports;
    const heard: Heard = { from: server, answer };
    const isLeaderless = answer.leaderRpcAddr === "";
    const side = isLeaderless ? await this.#leaderSide(heard, signal) : undefined;
    if (signal.aborted) {
      return;
    }
    const isNews = this.#minority.note(server, isLeaderless);
    if (side !== undefined) {
      this.#minority.leave(server, side);
    }
    const { from, answer: best } = side ?? heard;
    const { leaderRpcAddr, numNodes = proxy.numNodes(), servers } = best;
    const rejected = await proxy.refreshServerLists(servers, numNodes, leaderRpcAddr, { server: from });
    this.#noteRejected(rejected);
    note({
      kind: "heartbeat",
      after: this.#status.phase,
      ...(this.#status.phase === "failing" ? { failedMs: clock.now() - this.#status.since } : {}),
      server: from.key,
      servers: servers.length,
      leader: leaderRpcAddr,
    });
    this.#status = { phase: "ok", lastSuccessAt: clock.now(), server: from.key };
    const chance = drawnOnce(random);
    const period: WaitLength = (fleet) => (1 + chance()) * basePeriodMs(fleet);
    this.#untilNext = isNews ? () => AFTER_ELECTION_MS : period;
    this.#contact.heard(period(this.#waits.fleet), leaderRpcAddr !== "");
  }

  #noteRejected(rejected: readonly EndpointError[]): void {
    const { clock, note } = this.#ports;
    const malformed = rejected.filter(({ isAboutName }) => !isAboutName);
    const entries = malformed.map(({ address, expectation }) => ({ id: address, reason: expectation }));
    const news = this.#leftOut.news(entries, clock.now());
    if (news !== undefined) {
      note({ kind: "heartbeat-servers-refused", rejected: malformed.length, news });
    }
  }

  /** What others say counts here, not that they say nothing: that is no news of our own heartbeat. */
  #leaderSide(leaderless: Heard, signal: AbortSignal): Promise<LeaderSide | undefined> {
    const { logger, proxy, query } = this.#ports;
    return findLeaderSide(leaderless, proxy.snapshot(), (other) =>
      signal.aborted
        ? Promise.resolve(undefined)
        : query(other, signal).catch((error: unknown) => {
            logger.debug({ server: other.key, reason: messageOf(error) }, "does not tell of a leader");
            return undefined;
          }),
    );
  }
}

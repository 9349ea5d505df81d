/** Watches one server. More than 250 lines, because one connection has one life, with all ways in which it may end. */
import { atAbort, Life } from "../../core/life.ts";
import type { WatchedAddress } from "../../core/pool-view.ts";
import { joinHostPort } from "../../core/rpc-addr.ts";
import type { Runnable } from "../../core/running.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { BegunWait, WaitLength } from "../../core/time/fleet-waits.ts";
import { isLocal, provesLife } from "../../net/connection/connection-error.ts";
import type { HeldConnection } from "../../net/connection/held-connection.ts";
import { pingResultOf } from "../../net/connection/ping-result.ts";
import { failureOf, isClosure, reasonOf } from "./failure-of.ts";
import { noticingSlow } from "./noticing-slow.ts";
import { type Asked, pingTwice } from "./ping-twice.ts";
import { type Failure, type PingAnswer, SHORT_LIFE_MS, type WatchState } from "./server-health.ts";
import type { WatchOptions } from "./watch-options.ts";

/**
 * A server that held a connection for so long closes none as a habit: longer than the longest pause before it is
 * dialled again.
 */
const LONG_LIFE_MS = 900_000;

/** Whoever watches a server. */
export type Watch = Pick<
  ServerWatch,
  | "key"
  | "foundDown"
  | "endpoint"
  | "state"
  | "lastAnswer"
  | "addresses"
  | "dialsAt"
  | "connection"
  | "run"
  | "retarget"
  | "hurry"
>;

/**
 * Holds one connection to a server, to know at once when it dies, and pings it for when it hangs. A connection that
 * closes is opened again, the first time at once; refused, timed out, or twice in a row closed within `SHORT_LIFE_MS`
 * means that the server is down. It is for one life.
 */
export class ServerWatch implements Runnable {
  readonly key: string;
  readonly #options: WatchOptions;
  readonly #life = new Life();
  #endpoint: ServerEndpoint;
  #state: WatchState = { phase: "connecting" };
  #lastAnswer: PingAnswer | undefined;
  #connection: HeldConnection | undefined;
  #hurry = new AbortController();
  /** Until the server is dialled. */
  #untilDialled: BegunWait | undefined;
  /** The open connection was given up because the server was found down over another one, which was told. */
  #isFoundDown = false;
  /** It has been silent for longer than it ever is. */
  #isSilent = false;
  /** Connections in a row that closed at once. */
  #shortLives = 0;
  /** Connections in a row that the server closed, none of which was open for long. */
  #closings: number;

  constructor(endpoint: ServerEndpoint, options: WatchOptions) {
    this.key = endpoint.key;
    this.#endpoint = endpoint;
    this.#options = options;
    this.#closings = options.closings;
  }

  /** Open or closed; to be used, not to be closed. */
  get connection(): HeldConnection | undefined {
    return this.#connection;
  }

  get endpoint(): ServerEndpoint {
    return this.#endpoint;
  }

  get state(): WatchState {
    return this.#state;
  }

  get lastAnswer(): PingAnswer | undefined {
    return this.#lastAnswer;
  }

  /** The one that it has; of a name, the one that this watch is for. */
  get addresses(): readonly WatchedAddress[] {
    const { addresses, host, port } = this.#endpoint;
    const address = joinHostPort(addresses[0] ?? host, port);
    return [{ address, server: this.key, lastAnswer: this.#lastAnswer }];
  }

  /** Whether its answer is missing for longer than it ever was. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** When it is dialled next, by `Clock.now`; `undefined` while there is a connection, or one is being opened. */
  get dialsAt(): number | undefined {
    return this.#untilDialled?.endsAt();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, async () => {
      const watch = this.#watchAgainAndAgain();
      await atAbort(signal, () => {
        this.#hurry.abort();
      });
      await watch;
    });
  }

  /** The server has other addresses now: used at the next connect. */
  retarget(endpoint: ServerEndpoint): void {
    this.#endpoint = endpoint;
  }

  /** Pings, or tries to connect, now instead of when its time comes. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Somebody else's question found the server down: told in this turn, and counts as if the watch had found it. */
  foundDown(failure: Failure): void {
    if (this.#life.isOver()) {
      return;
    }
    if (this.#connection?.state.phase === "open") {
      this.#isFoundDown = true;
    }
    this.#tellDown(failure);
    this.#connection?.close();
    this.#hurry.abort();
  }

  #tellDown(failure: Failure): void {
    const { clock, report } = this.#options;
    const { code, evidence, reason, source } = failure;
    this.#state = { phase: "down", since: clock.now(), code, reason, source, evidence };
    report({ kind: "failed", failure });
  }

  async #watchAgainAndAgain(): Promise<void> {
    const { pace } = this.#options;
    const first = pace.drawFirst();
    if (first !== undefined) {
      await this.#pauseUntilDialled(first);
    }
    while (!this.#life.isOver()) {
      const failure = await this.#watchOneConnection();
      if (this.#life.isOver()) {
        return;
      }
      if (failure !== undefined) {
        this.#tellDown(failure);
      }
      const pause = pace.drawPause(this.#closings, failure !== undefined || this.#isFoundDown);
      this.#isFoundDown = false;
      if (pause !== undefined) {
        await this.#pauseUntilDialled(pause);
      }
    }
  }

  /** Opens a connection and holds it to its end; tells why the server is down, or nothing when it only closed. */
  async #watchOneConnection(): Promise<Failure | undefined> {
    const { clock, connector, timeoutMs } = this.#options;
    let connection: HeldConnection;
    const dialledAt = clock.now();
    try {
      connection = await noticingSlow(
        clock,
        timeoutMs() / 2,
        this.#tellLate,
        connector.open(this.#endpoint, { timeoutMs: timeoutMs(), signal: this.#life.signal }),
      );
    } catch (error) {
      return await this.#failedToOpen(error, dialledAt);
    }
    const openedAt = clock.now();
    this.#connection = connection;
    const failure = await this.#pingUntilClosed(connection, openedAt);
    connection.close();
    if (this.#isFoundDown) {
      return undefined;
    }
    if (failure !== undefined) {
      return failure;
    }
    const livedMs = clock.now() - openedAt;
    this.#closings = livedMs < LONG_LIFE_MS ? this.#closings + 1 : 1;
    this.#shortLives = livedMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    return this.#shortLives > 1
      ? {
          code: "closed",
          reason: "connection closed at once, twice",
          closesAtOnce: true,
          isSilent: false,
          closings: this.#closings,
        }
      : undefined;
  }

  /** An answer after all, or no question: the server is asked again at the pace of pings. */
  async #failedToOpen(error: unknown, dialledAt: number): Promise<Failure | undefined> {
    if (this.#life.isOver()) {
      return undefined;
    }
    if (provesLife(error)) {
      this.#heard(false, this.#options.clock.now() - dialledAt);
    } else {
      this.#failedToAnswer(error);
      if (!isLocal(error)) {
        return failureOf(error);
      }
      this.#options.report({ kind: "not-asked", reason: reasonOf(error) });
    }
    await this.#pauseUntilDialled(this.#options.pace.dialInterval);
    return undefined;
  }

  #failedToAnswer(error: unknown): void {
    const result = pingResultOf(error);
    if (result !== undefined) {
      this.#options.onPing?.(result);
    }
  }

  #heard(lasted: boolean, tookMs: number, roundTripMs?: number): void {
    const { clock, onPing, patience, report } = this.#options;
    onPing?.("ok", tookMs);
    // Before it is told: then the server's usual time is learned from this answer, too.
    this.#lastAnswer = { at: clock.now(), tookMs, isLate: tookMs >= patience().lateMs };
    this.#state = this.#state.phase === "up" ? this.#state : { phase: "up", since: clock.now() };
    report({ kind: "answered", lasted, roundTripMs });
  }

  /** Pings over one connection; resolves with nothing when it ends, or with the reason why the server is down. */
  async #pingUntilClosed(connection: HeldConnection, openedAt: number): Promise<Failure | undefined> {
    const { clock, pace } = this.#options;
    void connection.closed.then(({ by }) => {
      if (by === "failure") {
        this.#hurry.abort();
      }
    });
    for (;;) {
      const { error, tookMs } = await this.#ask(connection);
      if (error !== undefined) {
        if (this.#life.isOver() || this.#isFoundDown) {
          return undefined;
        }
        if (!isOpen(connection)) {
          this.#failedToAnswer(error);
          return isClosure(error) ? undefined : failureOf(error);
        }
        if (!provesLife(error)) {
          this.#failedToAnswer(error);
          return failureOf(error);
        }
      }
      if (this.#life.isOver()) {
        return undefined;
      }
      this.#heard(clock.now() - openedAt >= SHORT_LIFE_MS, tookMs, tookMs);
      if (isOpen(connection)) {
        await this.#pause(pace.interval);
      }
      if (!isOpen(connection) || this.#life.isOver()) {
        return undefined;
      }
    }
  }

  async #ask(connection: HeldConnection): Promise<Asked> {
    const { clock, patience, report, timeoutMs } = this.#options;
    const asked = await pingTwice(connection, {
      clock,
      patience: patience(),
      timeoutMs: timeoutMs(),
      signal: this.#life.signal,
      onLate: this.#tellLate,
      onSilent: (silence) => {
        this.#isSilent = true;
        report({ kind: "silent", silence });
      },
    });
    this.#isSilent = false;
    return asked;
  }

  readonly #tellLate = () => {
    if (!this.#life.isOver()) {
      this.#options.report({ kind: "late" });
    }
  };

  async #pauseUntilDialled(length: WaitLength): Promise<void> {
    await this.#pause(length, (wait) => {
      this.#untilDialled = wait;
    });
    this.#untilDialled = undefined;
  }

  async #pause(length: WaitLength, begun?: (wait: BegunWait) => void): Promise<void> {
    if (!this.#life.isOver()) {
      if (this.#hurry.signal.aborted) {
        this.#hurry = new AbortController();
      }
      await this.#options.waits.wait(length, this.#hurry.signal, begun);
    }
  }
}

function isOpen(connection: HeldConnection): boolean {
  return connection.state.phase === "open";
}

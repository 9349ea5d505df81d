import type { Worker } from "node:worker_threads";
import type { DnsThreadEvent } from "../../core/journal-event.ts";
import type { Clock, Logger } from "../../core/ports.ts";
import { type BackoffRule, doubledMs } from "../../core/time/backoff.ts";
import { Counters } from "./counters.ts";
import { DnsServerError, listenError } from "./listen-error.ts";
import type { AnswerTable } from "./table/answer-table.ts";
import { ended } from "./thread-end.ts";
import type {
  DemandSettings,
  DemandVerdict,
  DnsAddress,
  FromThread,
  ListenerChoice,
  QuestionNews,
  Serve,
  ThreadSettings,
  ToThread,
  UdpListenerKind,
} from "./thread-messages.ts";
import { hasEnded, startThread } from "./thread-start.ts";

/** A thread that dies at once again waits 0.1, 0.2, 0.4 … s, at most 5: a port comes free, and no core is burnt. */
const RESTART: BackoffRule = { baseMs: 100, maxMs: 5_000 };
/** One that served this long was well: the next restart waits the shortest time again. */
const WELL_AFTER_MS = 10_000;

export type ThreadState =
  | { readonly kind: "stopped" }
  | { readonly kind: "starting"; readonly worker: Worker }
  | {
      readonly kind: "serving";
      readonly worker: Worker;
      readonly addresses: readonly DnsAddress[];
      readonly udp: UdpListenerKind;
      readonly since: number;
    }
  | {
      readonly kind: "restarting";
      readonly since: number;
      readonly reason: string;
      readonly cancel: () => void;
    };

export interface AnsweringThreadOptions {
  /** Loads already, and serves nothing yet; absent: one is started. */
  readonly loading?: Worker | undefined;
  readonly listen: readonly DnsAddress[];
  readonly servesTcp: boolean;
  readonly listener: ListenerChoice;
  readonly sharesPort: boolean;
  readonly tcpConnections?: number | undefined;
  readonly answersPerSecond?: number | undefined;
  readonly waitingPlaces: number;
  readonly demand: DemandSettings | undefined;
  readonly uses: SharedArrayBuffer;
  readonly heard: (news: QuestionNews) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The thread died, or serves again after it had died. */
  readonly note?: ((event: DnsThreadEvent) => void) | undefined;
}

/** One worker thread that answers; started again when it dies, with the addresses, counters and table it had. */
export class AnsweringThread {
  readonly counters = new Counters();
  readonly #options: AnsweringThreadOptions;
  #listen: readonly DnsAddress[];
  #table: AnswerTable;
  #answersPerSecond: number | undefined;
  #demand: DemandSettings | undefined;
  #state: ThreadState = { kind: "stopped" };
  #loading: Worker | undefined;
  #restarts = 0;
  #failuresInARow = 0;

  constructor(options: AnsweringThreadOptions, table: AnswerTable) {
    this.#options = options;
    this.#loading = options.loading;
    this.#listen = options.listen;
    this.#answersPerSecond = options.answersPerSecond;
    this.#demand = options.demand;
    this.#table = table;
  }

  get state(): ThreadState {
    return this.#state;
  }

  /** How often it was started again after it had died. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Resolves with the addresses bound. @throws DnsServerError when an address can't be; nothing is left running then.
   */
  async start(): Promise<readonly DnsAddress[]> {
    const worker = this.#spawn();
    try {
      return await this.#listening(worker);
    } catch (error) {
      this.#state = { kind: "stopped" };
      await worker.terminate();
      throw error;
    }
  }

  /** The thread answers from this table as soon as it has read the message. */
  publish(table: AnswerTable): void {
    this.#table = table;
    this.#post({ kind: "table", table });
  }

  /** How many answers each network gets a second over UDP from now on; `undefined`: no limit. */
  limit(answersPerSecond: number | undefined): void {
    this.#answersPerSecond = answersPerSecond;
    this.#post({ kind: "limit", answersPerSecond });
  }

  /** Whether, and how fast, questions start pools from now on. */
  demand(settings: DemandSettings | undefined): void {
    this.#demand = settings;
    this.#post({ kind: "demand", settings });
  }

  /** What becomes of a pool that was asked for; it holds for `holdMs`. */
  decide(pool: string, verdict: DemandVerdict, holdMs: number): void {
    this.#post({ kind: "decided", pool, verdict, holdMs });
  }

  /** Gives free memory of the whole process back to the system, where it can; takes half a millisecond. */
  trimMemory(): void {
    this.#post({ kind: "trim-memory" });
  }

  async stop(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "stopped" };
    switch (state.kind) {
      case "stopped":
        return;
      case "restarting":
        state.cancel();
        return;
      case "starting":
      case "serving": {
        await ended(state.worker, this.#options.clock);
      }
    }
  }

  /** A thread that is yet to be started again begins with what there is then. */
  #post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  get #worker(): Worker | undefined {
    const state = this.#state;
    return state.kind === "starting" || state.kind === "serving" ? state.worker : undefined;
  }

  #spawn(): Worker {
    const { listener, servesTcp, sharesPort, tcpConnections, uses, waitingPlaces } = this.#options;
    const settings: ThreadSettings = {
      ...{ listener, servesTcp, sharesPort, tcpConnections, uses, waitingPlaces },
      listen: this.#listen,
      answersPerSecond: this.#answersPerSecond,
      counterMemory: this.counters.memory,
      table: this.#table,
      demand: this.#demand,
    };
    const worker = this.#takeLoading() ?? startThread();
    worker.ref();
    worker.postMessage({ kind: "serve", settings } satisfies Serve);
    this.#state = { kind: "starting", worker };
    return worker;
  }

  #takeLoading(): Worker | undefined {
    const loading = this.#loading;
    this.#loading = undefined;
    return loading === undefined || hasEnded(loading) ? undefined : loading;
  }

  /** Settles when the thread listens, can't, or dies; a death after that starts it again. */
  #listening(worker: Worker): Promise<readonly DnsAddress[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly DnsAddress[]>();
    let reason = "it ended by itself";
    worker.on("message", (message: FromThread) => {
      if (message.kind === "listen-failed") {
        reject(listenError(message.failure));
      } else if (this.#worker === worker) {
        if (message.kind !== "listening") {
          this.#options.heard(message);
          return;
        }
        const { addresses, udp } = message;
        this.#listen = addresses;
        this.#state = { kind: "serving", worker, addresses, udp, since: this.#options.clock.now() };
        resolve(addresses);
      }
    });
    worker.on("error", (error: Error) => {
      reason = error.message;
    });
    worker.on("exit", () => {
      reject(new DnsServerError("thread-failed", `the answering thread died: ${reason}`));
      if (this.#state.kind === "serving" && this.#worker === worker) {
        this.#failuresInARow = this.#servedWell(this.#state.since) ? 0 : this.#failuresInARow;
        this.#restart(reason);
      }
    });
    return promise;
  }

  #servedWell(since: number): boolean {
    return this.#options.clock.now() - since >= WELL_AFTER_MS;
  }

  #restart(reason: string): void {
    const { clock, logger, note } = this.#options;
    this.#failuresInARow++;
    const delayMs = doubledMs(this.#failuresInARow, RESTART);
    logger.error({ reason, delayMs }, "the answering thread died; starting it again");
    const cancel = clock.after(delayMs, () => {
      this.#restarts++;
      void this.#startAgain();
    });
    this.#state = { kind: "restarting", since: clock.now(), reason, cancel };
    note?.({ kind: "dns-degraded", reason });
  }

  async #startAgain(): Promise<void> {
    const worker = this.#spawn();
    try {
      await this.#listening(worker);
      this.#options.logger.info({ restarts: this.#restarts }, "the answering thread serves again");
      this.#options.note?.({ kind: "dns-serving" });
    } catch (error) {
      // Stopped meanwhile: nobody wants it any more.
      if (this.#worker === worker) {
        this.#restart((error as Error).message);
        await worker.terminate();
      }
    }
  }
}

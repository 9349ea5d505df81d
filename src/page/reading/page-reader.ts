/** Keeps what the page knows fresh, for as long as somebody looks at it. */
import type { Clock, Random } from "../../core/ports.ts";
import { delay } from "../../core/time/delay.ts";
import { isNext } from "../model/event-log.ts";
import { type PageNews, type PageState, selectedPool } from "../model/page-state.ts";
import type {
  ExplanationReply,
  HistoryReply,
  PoolReply,
  PoolSummaryReply,
  SelfReply,
  StatusReply,
} from "../model/replies.ts";
import { RefusedError, readJson, UnreachableError } from "./agent-reader.ts";
import { Bell } from "./bell.ts";
import { readEvents } from "./news-sources.ts";
import type { NewsListener } from "./shared-news.ts";

/** Ages of answers and round trips change without an event. */
const READ_EVERY_MS = 5_000;

/** However many events come, the agent is asked once in this time; the first is answered at once. */
const READ_AT_MOST_EVERY_MS = 1_000;

/** An agent that restarts is back within seconds; a fleet of pages does not ask it in one moment. */
const AGAIN_MS = { least: 1_000, most: 4_000 };

/** Samples are this far apart. */
const HISTORY_EVERY_MS = 5_000;

/** Servers of the selected pool that the page shows. */
export interface RowsWanted {
  readonly offset: number;
  readonly limit: number;
}

interface PageReaderPorts {
  readonly state: () => PageState;
  readonly tell: (news: PageNews) => void;
  /** The agent's clock minus ours, in ms, as last seen. */
  readonly clockSeen: (agentNow: number) => void;
  readonly agentNow: () => number;
  /** Hears what happens until the signal is aborted. */
  readonly listen: (listener: NewsListener, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
}

export class PageReader {
  readonly #ports: PageReaderPorts;
  readonly #bell = new Bell();
  #rows: RowsWanted = { offset: 0, limit: 128 };
  #historyAt = Number.NEGATIVE_INFINITY;

  constructor(ports: PageReaderPorts) {
    this.#ports = ports;
  }

  /** Resolves when `signal` is aborted, and nothing is open. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#readMissed(signal);
    await Promise.all([this.#keepReading(signal), this.#ports.listen(this.#listener(signal), signal)]);
  }

  /** Something else is to be shown: it is read as soon as may be. */
  want(rows: RowsWanted): void {
    if (rows.offset !== this.#rows.offset || rows.limit !== this.#rows.limit) {
      this.#rows = rows;
      this.#bell.ring();
    }
  }

  /** Reads anew, as after a choice of the reader. */
  look(): void {
    this.#historyAt = Number.NEGATIVE_INFINITY;
    this.#bell.ring();
  }

  #listener(signal: AbortSignal): NewsListener {
    const { state, tell } = this.#ports;
    return {
      cursor: () => state().log.last ?? 0,
      took: (batch) => {
        if (isNext(state().log, batch)) {
          tell({ kind: "happened", batch });
        } else {
          void this.#readMissed(signal);
        }
        this.#bell.ring();
      },
      lost: () => {
        this.#bell.ring();
      },
    };
  }

  /** Why it fails shows at the next read. */
  async #readMissed(signal: AbortSignal): Promise<void> {
    const after = this.#ports.state().log.last ?? 0;
    const items = await readEvents(after, signal).catch(() => undefined);
    if (items !== undefined) {
      this.#ports.tell({ kind: "happened", batch: { after, items } });
    }
  }

  async #keepReading(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    let againMs = AGAIN_MS.least;
    while (!signal.aborted) {
      const startedAt = clock.now();
      const isRead = await this.#read(signal);
      if (isRead) {
        againMs = AGAIN_MS.least;
        await this.#bell.heard(clock, READ_EVERY_MS, signal);
        await delay(clock, startedAt + READ_AT_MOST_EVERY_MS - clock.now(), signal);
      } else {
        await delay(clock, againMs * (1 + random()), signal);
        againMs = Math.min(againMs * 2, AGAIN_MS.most);
      }
    }
  }

  /** @returns whether the agent answered. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const { tell } = this.#ports;
    try {
      await this.#readAll(signal);
      return true;
    } catch (error) {
      if (signal.aborted) {
        return false;
      }
      if (error instanceof RefusedError) {
        tell({ kind: "refused", error: error.message });
      } else if (error instanceof UnreachableError) {
        tell({ kind: "lost", at: this.#ports.agentNow() });
      } else {
        throw error;
      }
      return false;
    }
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    const { clockSeen, state, tell } = this.#ports;
    const [self, status, { pools }] = await Promise.all([
      readJson<SelfReply>("/v1/agent/self", signal),
      readJson<StatusReply>("/v1/agent/status", signal),
      readJson<{ readonly pools: readonly PoolSummaryReply[] }>("/v1/pools", signal),
    ]);
    const at = Date.parse(self.now_at);
    clockSeen(at);
    const name = selectedPool({ pools, wanted: state().wanted });
    const detail = name === undefined ? undefined : await this.#readPool(name, signal);
    tell({ kind: "read", at, self, status, pools, ...(detail && { detail }) });
    if (name !== undefined && self.features.includes("history")) {
      await this.#readHistory(name, signal);
    }
  }

  /** `undefined`: it was removed meanwhile. */
  async #readPool(name: string, signal: AbortSignal) {
    const path = `/v1/pools/${encodeURIComponent(name)}`;
    const { limit, offset } = this.#rows;
    try {
      const [pool, explanation] = await Promise.all([
        readJson<PoolReply>(`${path}?limit=${limit}&offset=${offset}`, signal),
        readJson<ExplanationReply>(`${path}/explain`, signal),
      ]);
      return { pool, explanation };
    } catch (error) {
      if (error instanceof RefusedError && error.code === "unknown-pool") {
        return undefined;
      }
      throw error;
    }
  }

  async #readHistory(pool: string, signal: AbortSignal): Promise<void> {
    const { clock, tell } = this.#ports;
    if (clock.now() - this.#historyAt < HISTORY_EVERY_MS) {
      return;
    }
    this.#historyAt = clock.now();
    const path = `/v1/history?pool=${encodeURIComponent(pool)}`;
    const history = await readJson<HistoryReply>(path, signal).catch((error: unknown) => {
      if (error instanceof RefusedError) {
        return undefined;
      }
      throw error;
    });
    tell({ kind: "history", history });
  }
}

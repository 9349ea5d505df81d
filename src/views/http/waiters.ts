import type { FastifyRequest } from "fastify";
import type { Clock } from "../../core/ports.ts";
import type { Timeline } from "../../core/timeline/timeline.ts";
import { ApiError } from "./api-error.ts";
import { Waking } from "./waking.ts";

/** Readers that wait at the same time: each holds a connection. */
const MOST_WAITERS = 64;

const DEFAULT_WAIT_MS = 300_000;
const LONGEST_WAIT_MS = 600_000;

/** A fleet of readers that began together does not come back in one moment: up to a sixteenth more. */
const SPREAD = 1 / 16;

interface Wait {
  /** What the reader has seen; absent: it does not wait. */
  readonly index: number | undefined;
  readonly waitMs: number | undefined;
  /** The present index of what is read. */
  readonly present: () => number;
}

/** Blocking reads: an answer when there is something new, or after the wait. */
export class Waiters {
  readonly #timeline: Timeline;
  readonly #clock: Clock;
  readonly #beginReading: () => () => void;
  readonly #waking: Waking;
  #waiting = 0;

  /** @param beginReading called when a reader begins to wait; the function that it returns, at the end. */
  constructor(timeline: Timeline, clock: Clock, beginReading: () => () => void = () => () => undefined) {
    this.#timeline = timeline;
    this.#clock = clock;
    this.#beginReading = beginReading;
    this.#waking = new Waking(clock);
  }

  /**
   * Resolves when there is news for the reader, or its time is over, or it has left. An index above every one that
   * there is comes from another life of the agent: all is news.
   * @throws ApiError `too-many-waiters`.
   */
  async news({ index, present, waitMs = DEFAULT_WAIT_MS }: Wait, request: FastifyRequest): Promise<void> {
    const isNews = () => index === undefined || present() > index || index > this.#timeline.index;
    if (isNews() || waitMs === 0) {
      return;
    }
    if (this.#waiting >= MOST_WAITERS) {
      throw new ApiError("too-many-waiters", `${MOST_WAITERS} readers wait already: ask again later`);
    }
    this.#waiting += 1;
    const endReading = this.#beginReading();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = () => {
      resolve(undefined);
    };
    const unsubscribe = this.#timeline.subscribe(() => {
      if (isNews()) {
        unsubscribe();
        this.#waking.add(done);
      }
    });
    const longMs = Math.min(waitMs, LONGEST_WAIT_MS);
    const cancel = this.#clock.after(longMs * (1 + Math.random() * SPREAD), done);
    const { socket } = request.raw;
    const patienceMs = socket.timeout ?? 0;
    // It is the server that is silent.
    socket.setTimeout(0);
    socket.once("close", done);
    try {
      await promise;
    } finally {
      this.#waiting -= 1;
      endReading();
      unsubscribe();
      cancel();
      socket.off("close", done);
      socket.setTimeout(patienceMs);
    }
  }
}

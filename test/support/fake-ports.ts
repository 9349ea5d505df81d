import { seededRandom } from "../../scripts/lab/seeded-random.ts";
import type { JournalEvent, Note } from "../../src/core/journal-event.ts";
import type { Clock, Logger, Pinger, Resolution, Resolver } from "../../src/core/ports.ts";
import type { ProxyConfig, ProxyPorts } from "../../src/core/rpc-proxy.ts";
import { logLineOf } from "../../src/views/log-lines.ts";

/** A clock that stands still until it is told to move. */
export class FakeClock implements Clock {
  #now: number;
  #wallOffset = 0;
  /** In the order in which they were begun. */
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#now + this.#wallOffset;
  }

  /**
   * Somebody sets the machine's clock forward, or back with a negative number: `now` and the timers go on as they were.
   */
  setWallClock(byMs: number): void {
    this.#wallOffset += byMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Timers that wait now. */
  get pending(): number {
    return this.#timers.size;
  }

  /** This process gets no turn: time passes, and what is due meanwhile is done late, once `advance` is called. */
  freeze(ms: number): void {
    this.#now += ms;
  }

  /** Moves on, firing each due timer at its time, and lets what it resolved run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const due = this.#earliest();
      if (due === undefined || due.at > end) {
        break;
      }
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
    await settled();
  }

  #earliest() {
    let earliest: { readonly at: number; readonly callback: () => void } | undefined;
    for (const timer of this.#timers) {
      earliest = earliest === undefined || timer.at < earliest.at ? timer : earliest;
    }
    return earliest;
  }
}

/** Lets every promise that can settle now settle. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

/** Keeps each line that it is told, in order; so do its children, in the same list. */
export class FakeLogger implements Logger {
  readonly lines: LogLine[] = [];
  debug = this.#writer("debug");
  info = this.#writer("info");
  warn = this.#writer("warn");
  error = this.#writer("error");

  /** As the agent asks of its logger: one for each part. */
  child(): this {
    return this;
  }

  levels(): readonly string[] {
    return this.lines.map(({ level }) => level);
  }

  #writer(level: LogLine["level"]): (fields: object, message: string) => void {
    return (fields, message) => {
      this.lines.push({ level, fields, message });
    };
  }
}

/** Knows the names it is given; any other has no address. */
export class FakeResolver implements Resolver {
  readonly names = new Map<string, Resolution>();
  readonly asked: string[] = [];

  resolve(host: string): Promise<Resolution> {
    this.asked.push(host);
    const found = this.names.get(host);
    return found === undefined ? Promise.reject(new Error("no such name")) : Promise.resolve(found);
  }
}

export const allAnswer: Pinger = { ping: () => Promise.resolve() };

/** Notes to the log: what the journal and its view do together. */
export function noteTo(logger: FakeLogger): (event: JournalEvent) => void {
  return (event) => {
    const line = logLineOf({ event, pool: "test" });
    if (line !== undefined) {
      logger[line.level](line.fields, line.message);
    }
  };
}

export interface FakePorts extends ProxyPorts {
  readonly note: Note;
  readonly clock: FakeClock;
  readonly logger: FakeLogger;
  readonly resolver: FakeResolver;
}

export function fakePorts(replace: { pinger?: Pinger; random?: () => number } = {}): FakePorts {
  const logger = new FakeLogger();
  return {
    pinger: allAnswer,
    random: seededRandom(1),
    clock: new FakeClock(),
    logger,
    note: noteTo(logger),
    resolver: new FakeResolver(),
    ...replace,
  };
}

/** As in the recorded runs: datacenter dc1, API 1.1. */
export const CONFIG: ProxyConfig = {
  region: "global",
  datacenter: "dc1",
  rpcMajorVersion: 1,
  rpcMinorVersion: 1,
};

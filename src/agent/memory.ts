/** What outlives the process: the last known lists, and where the timeline stood. Without `data_dir` nothing does. */
import type { Journal } from "../core/journal.ts";
import { messageOf } from "../core/message-of.ts";
import type { Clock, Logger } from "../core/ports.ts";
import { systemReason } from "../core/system-reason.ts";
import { rfc3339 } from "../core/time/rfc3339.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";
import type { Timeline } from "../core/timeline/timeline.ts";
import { lockDirectory } from "../state/directory-lock.ts";
import { replaceFile } from "../state/replace-file.ts";
import type { StateBody } from "../state/state-body.ts";
import { readState, removeLeftovers, statePath } from "../state/state-directory.ts";
import { encodeState } from "../state/state-format.ts";
import { StateWriter } from "../state/state-writer.ts";
import { AgentError } from "./agent-error.ts";
import type { Pool } from "./pool.ts";
import { headChangesOf, INDEX_RESERVE, listsToSave } from "./saved-state.ts";

interface MemoryPorts {
  /** `data_dir`. */
  readonly directory: string | undefined;
  readonly maxAgeMs: number;
  readonly pools: () => ReadonlyMap<string, Pool>;
  /** Makes a pool that a question had started. */
  readonly revive: (pool: string) => void;
  readonly timeline: Timeline;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly instance: string;
  readonly configHash: () => string;
}

/** What a scrape shows. */
export interface MemoryStatus {
  readonly writeFailures: number;
  /** Milliseconds since the Unix epoch; absent before the first write. */
  readonly lastWriteAt?: number | undefined;
}

/** Opened before anything else of the agent starts, kept from when the sources run, closed before the pools end. */
export class Memory {
  readonly #ports: MemoryPorts;
  readonly #writer: StateWriter;
  #maxAgeMs: number;
  #release: () => void = () => undefined;
  #unsubscribe: () => void = () => undefined;
  /** What is in the file of each pool, until a source vouches for its list. */
  #lists: StateBody["pools"] = {};
  #writeFailures = 0;
  #failingSince: number | undefined;
  #lastWriteAt: number | undefined;

  constructor(ports: MemoryPorts) {
    this.#ports = ports;
    this.#maxAgeMs = ports.maxAgeMs;
    this.#writer = new StateWriter({
      clock: ports.clock,
      encode: () => encodeState(this.#body()),
      write: (bytes) => replaceFile(this.#path, bytes),
      ended: (failure) => {
        this.#ended(failure);
      },
    });
  }

  /**
   * Takes the directory, and hands each pool the list that is remembered of it: whoever serves it from the first moment
   * on has an answer.
   * @throws AgentError when another agent has the directory.
   */
  open(): void {
    const { clock, directory, journal } = this.#ports;
    if (directory === undefined) {
      return;
    }
    this.#lock(directory);
    removeLeftovers(directory);
    const found = readState(directory, wallTimeOf(clock));
    if (found.kind === "state") {
      this.#restore(found.body);
    }
    if (found.kind === "refused") {
      const { keptAs, reason } = found;
      journal.note({ kind: "state-refused", file: this.#path, reason, keptAs });
    }
  }

  /** Keeps what is known from now on. */
  keep(): void {
    if (this.#ports.directory !== undefined) {
      this.#unsubscribe = this.#ports.timeline.subscribe(() => {
        this.#writer.changed();
      });
      this.#writer.start();
    }
  }

  /** Goes on with another greatest age. */
  configure(maxAgeMs: number): void {
    this.#maxAgeMs = maxAgeMs;
    for (const pool of this.#ports.pools().values()) {
      pool.remembered.configure(maxAgeMs);
    }
  }

  /** Writes what is known by now, and lets go of the directory. Idempotent. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#writer.stop();
    this.#release();
    this.#release = () => undefined;
  }

  status(): MemoryStatus {
    return { writeFailures: this.#writeFailures, lastWriteAt: this.#lastWriteAt };
  }

  get #path(): string {
    return statePath(this.#ports.directory ?? "");
  }

  #restore({ head_changes, last_index, pools: lists }: StateBody): void {
    const { pools, revive, timeline } = this.#ports;
    timeline.resume(last_index, head_changes);
    for (const [name, { on_demand }] of Object.entries(lists)) {
      if (on_demand === true) {
        revive(name);
      }
    }
    for (const [name, pool] of pools()) {
      const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
      if (list !== undefined) {
        this.#lists[name] = list;
        pool.restore(list, this.#maxAgeMs);
      }
    }
  }

  #lock(directory: string): void {
    const { logger } = this.#ports;
    try {
      const result = lockDirectory(directory);
      if ("heldBy" in result) {
        const expected = "expected a directory of this agent's own";
        throw new AgentError(`data_dir: ${directory}: process ${result.heldBy} has it: ${expected}`);
      }
      this.#release = result.release;
    } catch (error) {
      if (error instanceof AgentError) {
        throw error;
      }
      const reason = error instanceof Error && "code" in error ? systemReason(error) : messageOf(error);
      logger.warn(
        { data_dir: directory, reason },
        "no lock can be written: a second agent would not be refused",
      );
    }
  }

  #body(): StateBody {
    const { clock, configHash, instance, pools, timeline } = this.#ports;
    this.#lists = listsToSave(pools(), this.#lists, clock);
    return {
      instance,
      saved_at: rfc3339(wallTimeOf(clock)),
      last_index: timeline.index + INDEX_RESERVE,
      config_hash: configHash(),
      pools: this.#lists,
      head_changes: headChangesOf(timeline.events(), instance),
    };
  }

  #ended(failure: string | undefined): void {
    const { clock, journal } = this.#ports;
    const file = this.#path;
    if (failure === undefined) {
      this.#lastWriteAt = wallTimeOf(clock);
      const since = this.#failingSince;
      this.#failingSince = undefined;
      if (since !== undefined) {
        journal.note({ kind: "state-write-recovered", file, failedMs: clock.now() - since });
      }
      return;
    }
    this.#writeFailures += 1;
    if (this.#failingSince === undefined) {
      this.#failingSince = clock.now();
      journal.note({ kind: "state-write-failed", file, reason: failure });
    }
  }
}

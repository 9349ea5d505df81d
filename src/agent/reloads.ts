import { sameKeys } from "../config/difference.ts";
import { changeOfSettings, settingsUntilRestart } from "../config/restart-keys.ts";
import { type Config, optionsOf, type Settings } from "../config/schema.ts";
import { TEMPLATE } from "../config/sections/pools.ts";
import { restartHash, settingsHash } from "../config/settings-hash.ts";
import { warningsOf } from "../config/warnings.ts";
import {
  type ConfigStatus,
  type PoolsChange,
  ReloadError,
  type Reloading,
  type ReloadReport,
} from "../core/config-view.ts";
import type { AgentEvent, Note } from "../core/journal-event.ts";
import type { Clock, Logger } from "../core/ports.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";
import { isUsersMistake } from "./users-mistake.ts";

/** Where the configuration comes from. */
export interface ConfigSource {
  /** What the agent starts with. */
  readonly settings: Settings;
  /** Files and directories, as they were named. */
  readonly files: readonly string[];
  /** Reads all of it anew. @throws ConfigError */
  readonly read: () => Settings;
}

/** Another configuration, made ready. */
export interface PreparedConfig {
  readonly pools: PoolsChange;
  /** Goes on with it, in one turn and without fail. */
  readonly swap: () => void;
}

interface ReloadPorts {
  /** @throws AgentError or ConsulError when a file can't be used; nothing has changed then. */
  readonly prepare: (config: Config) => PreparedConfig;
  /** Sets how the log is written, before anything is told. */
  readonly configureLog: (log: Config["log"]) => void;
  /** From then on nothing is taken. */
  readonly isStopping: () => boolean;
  /** Resolves when what the last swap ended has let go of everything. */
  readonly ended: () => Promise<unknown>;
  readonly note: (event: AgentEvent) => void;
  readonly noteOf: (pool: string) => Note;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Other settings while the agent runs: read, checked and made ready as a whole, and taken in one turn. Whatever fails
 * before leaves everything as it is. A key that waits for a restart keeps its value, the others are taken.
 */
export class Reloads implements Reloading {
  readonly #source: ConfigSource;
  readonly #ports: ReloadPorts;
  #running: Settings;
  #hash: string;
  /** Of keys that stay as they are until the agent ends. */
  readonly #restartHash: string;
  #needsRestart: readonly string[] = [];
  #loadedAt: number;
  #wasTaken = true;
  #applied = 0;
  #refused = 0;
  #isUnderWay = false;
  #isAskedAgain = false;

  constructor(source: ConfigSource, ports: ReloadPorts) {
    this.#source = source;
    this.#ports = ports;
    this.#running = source.settings;
    this.#hash = settingsHash(source.settings);
    this.#restartHash = restartHash(source.settings);
    this.#loadedAt = wallTimeOf(ports.clock);
  }

  status(): ConfigStatus {
    return {
      hash: this.#hash,
      restartHash: this.#restartHash,
      loadedAt: this.#loadedAt,
      files: this.#source.files,
      needsRestart: this.#needsRestart,
      wasTaken: this.#wasTaken,
      reloads: { applied: this.#applied, refused: this.#refused },
    };
  }

  /** What a reload would come to now; changes nothing. @throws ReloadError `config-invalid`. */
  tryOut(): ReloadReport {
    return this.#prepared().report;
  }

  /**
   * Everything has changed when it returns; what is no longer wanted is ended when the promise resolves.
   * @throws ReloadError `config-invalid`, with nothing changed; `reload-running` while one is under way.
   */
  async reload(): Promise<ReloadReport> {
    if (this.#ports.isStopping()) {
      throw new ReloadError("stopping", "the agent stops");
    }
    if (this.#isUnderWay) {
      throw new ReloadError("reload-running", "a reload is under way: ask again when it has ended");
    }
    this.#isUnderWay = true;
    try {
      const report = this.#take();
      await this.#ports.ended();
      return report;
    } finally {
      this.#isUnderWay = false;
      if (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        void this.request();
      }
    }
  }

  /** As `reload`, for whoever waits for nothing; while one is under way one more follows it. */
  async request(): Promise<void> {
    if (this.#isUnderWay) {
      this.#isAskedAgain = true;
      return;
    }
    await this.reload().catch((error: unknown) => {
      if (!(error instanceof ReloadError)) {
        const message = "an unexpected error while reloading: nothing has changed";
        this.#ports.logger.error({ err: error }, message);
      }
    });
  }

  #take(): ReloadReport {
    const { clock, configureLog, note, noteOf } = this.#ports;
    try {
      const { config, report, running, swap } = this.#prepared();
      const { applied, hash, needsRestart, pools } = report;
      this.#running = running;
      this.#hash = hash;
      this.#needsRestart = needsRestart;
      this.#loadedAt = wallTimeOf(clock);
      this.#wasTaken = true;
      this.#applied += 1;
      configureLog(config.log);
      note({ kind: "config-reloaded", hash, changed: applied, needsRestart, pools });
      for (const pool of pools.changed) {
        noteOf(pool)({ kind: "pool-changed", changed: keysOfPool(nameInSettings(pool, running), applied) });
      }
      swap();
      for (const warning of warningsOf(config)) {
        this.#ports.logger.warn({}, warning);
      }
      return report;
    } catch (error) {
      this.#wasTaken = false;
      this.#refused += 1;
      note({ kind: "config-refused", error: error instanceof ReloadError ? error.message : "unexpected" });
      throw error;
    }
  }

  #prepared() {
    try {
      const wanted = this.#source.read();
      const running = settingsUntilRestart(this.#running, wanted);
      const config = optionsOf(running);
      const { pools, swap } = this.#ports.prepare(config);
      const { applied, needsRestart } = changeOfSettings(this.#running, wanted);
      const unchanged = sameKeys(this.#running, wanted);
      const report: ReloadReport = { hash: settingsHash(running), applied, unchanged, needsRestart, pools };
      return { config, report, running, swap };
    } catch (error) {
      if (isUsersMistake(error)) {
        throw new ReloadError("config-invalid", error.message, { cause: error });
      }
      throw error;
    }
  }
}

/** Pools that questions started have one entry for all of them. */
function nameInSettings(pool: string, { pools }: Settings): string {
  return Object.hasOwn(pools, pool) ? pool : TEMPLATE;
}

/** Within the pool; none when only the contents of its files, or what all pools share, are others. */
function keysOfPool(pool: string, keys: readonly string[]): readonly string[] {
  const prefix = `pools.${pool}.`;
  return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

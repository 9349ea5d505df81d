/** What views show of the agent's configuration, and of a reload. Keys are as a file writes them: `dns.ttl`. */

/** What the agent runs with. Times are milliseconds since the Unix epoch. */
export interface ConfigStatus {
  readonly hash: string;
  /** Of the keys that a reload can't change: another one for a configuration that needs a restart. */
  readonly restartHash: string;
  readonly loadedAt: number;
  /** Files and directories, as they were named. */
  readonly files: readonly string[];
  /** Keys that keep their old values until a restart. */
  readonly needsRestart: readonly string[];
  /** Whether the last reload was taken; true before the first. */
  readonly wasTaken: boolean;
  readonly reloads: { readonly applied: number; readonly refused: number };
}

/** Names of pools; one that goes on as it is is in no list. */
export interface PoolsChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** With other settings, or other contents of the files that they name. */
  readonly changed: readonly string[];
}

/** What a reload came to. */
export interface ReloadReport {
  /** Of what the agent runs with now. */
  readonly hash: string;
  readonly applied: readonly string[];
  /** How many keys are as they were. */
  readonly unchanged: number;
  readonly needsRestart: readonly string[];
  readonly pools: PoolsChange;
}

type ReloadErrorCode = "config-invalid" | "reload-running" | "stopping";

/** Nothing has changed. `message`: what, where and what was expected. */
export class ReloadError extends Error {
  override readonly name = "ReloadError";
  readonly code: ReloadErrorCode;

  constructor(code: ReloadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Other settings while the agent runs. */
export interface Reloading {
  status(): ConfigStatus;
  /** What a reload would come to now; changes nothing. @throws ReloadError `config-invalid`. */
  tryOut(): ReloadReport;
  /** Resolves when what is no longer wanted has ended. @throws ReloadError */
  reload(): Promise<ReloadReport>;
}

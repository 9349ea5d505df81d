import type { Clock, Logger, Random } from "../../core/ports.ts";
import type { Tier } from "../../core/snapshot.ts";
import type { CatalogAnswer, CatalogFailure, ConsulCatalog } from "../../net/consul/catalog.ts";
import { BackupReport, type BackupSink } from "./backup-report.ts";
import { afterAnswer, afterFailure, type ConfirmedList, UNKNOWN_LIST } from "./confirmed-list.ts";
import { afterListing, listsNothing, type ReadRights, UNKNOWN_RIGHTS } from "./consul-rights.ts";
import { datacenterPlan } from "./datacenter-order.ts";
import { watchDatacenter } from "./datacenter-watch.ts";
import { addressesOf } from "./instance-addresses.ts";
import { serveFromRemote } from "./remote-servers.ts";
import type { ConsulWatchConfig } from "./watch-config.ts";
import { ConsulWatchLog } from "./watch-log.ts";
import {
  afterEarlyEnd,
  afterQueryFailure,
  afterRemoteFailure,
  afterRemoteSuccess,
  afterStart,
  afterStop,
  afterSuccess,
  afterWaitLimited,
  type ConsulWatchStatus,
  IDLE_RECORD,
  isNews,
  type WatchRecord,
  wasTold,
} from "./watch-status.ts";

export interface ConsulWatcherPorts {
  readonly catalog: ConsulCatalog;
  readonly sink: BackupSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called when a list of Consul's has been taken, or no datacenter has a server; again each time. */
  readonly reported?: () => void;
}

interface RemoteList {
  readonly datacenter: string;
  readonly addresses: readonly string[];
  readonly seenAt: number;
}

/** While an empty answer waits to be confirmed, Consul is asked at least this often, in milliseconds. */
const MIN_WAIT_MS = 1_000;

/**
 * Watches one service in Consul and reports its servers to the core, as backups, or as primaries while orphaned. What it
 * reports is empty only when Consul answered so for the hold time; a Consul that is down empties nothing.
 */
export class ConsulWatcher {
  readonly #ports: ConsulWatcherPorts;
  readonly #config: ConsulWatchConfig;
  readonly #report: BackupReport;
  readonly #log: ConsulWatchLog;
  #record: WatchRecord = IDLE_RECORD;
  #local: ConfirmedList = UNKNOWN_LIST;
  #localName: string | undefined;
  #remote: RemoteList | undefined;
  #remoteSearch: AbortController | undefined;
  #rights: ReadRights = UNKNOWN_RIGHTS;
  #tier: Tier = "backup";
  #running: { readonly abort: AbortController; readonly done: Set<Promise<void>> } | undefined;

  constructor(ports: ConsulWatcherPorts, config: ConsulWatchConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#report = new BackupReport(ports);
    this.#log = new ConsulWatchLog(ports, config.service);
  }

  /** Starts watching; a second call changes nothing. */
  start(): void {
    if (this.#running !== undefined) {
      return;
    }
    const abort = new AbortController();
    this.#running = { abort, done: new Set() };
    this.#record = afterStart(this.#record, this.#ports.clock.now());
    this.#local = afterFailure(this.#local);
    const { preferred } = datacenterPlan(this.#config.datacenters);
    const observer = {
      answered: (answer: CatalogAnswer, index: number) => {
        this.#answered(answer, index);
      },
      failed: (failure: CatalogFailure, attempt: number, delayMs: number) => {
        this.#failed(failure, attempt, delayMs);
      },
      endedEarly: (failure: CatalogFailure, tookMs: number) => {
        this.#endedEarly(failure, tookMs);
      },
      waitLimited: (limitMs: number | undefined) => {
        this.#record = afterWaitLimited(this.#record, limitMs);
        this.#log.waitLimited(limitMs);
      },
      waitMs: () => this.#waitMs(),
    };
    this.#track(watchDatacenter(this.#ports, this.#config, preferred, observer, abort.signal));
  }

  /** Resolves when no query and no timer is left. What was reported stays. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) {
      return;
    }
    this.#running = undefined;
    running.abort.abort();
    this.#stopRemote();
    this.#record = afterStop(this.#record, this.#ports.clock.now());
    await Promise.all(running.done);
  }

  /** While orphaned the servers are primaries, so that the agent may leave a minority partition. Reported at once. */
  setOrphaned(orphaned: boolean): void {
    this.#tier = orphaned ? "primary" : "backup";
    const last = this.#report.last;
    if (last !== undefined) {
      this.#report.report(last.addresses, this.#tier);
    }
  }

  status(): ConsulWatchStatus {
    const { state, lastSuccessAt, lastError, index, waitLimitMs, queries } = this.#record;
    const servers = this.#report.last?.addresses.length ?? 0;
    return {
      state,
      lastSuccessAt,
      lastError,
      index,
      waitLimitMs,
      queries,
      datacenter: servers === 0 ? undefined : this.#servingDatacenter(),
      servers,
      tier: this.#tier,
      emptyUntil: this.#local.emptyUntil,
      missingRights: this.#rights.missing,
    };
  }

  #servingDatacenter(): string | undefined {
    return this.#local.addresses.length > 0 ? this.#localName : this.#remote?.datacenter;
  }

  #answered(answer: CatalogAnswer, index: number): void {
    const now = this.#ports.clock.now();
    const usable = this.#usable(answer, "local");
    this.#noteRights(afterListing(this.#rights, answer, usable, now));
    if (this.#record.state.kind === "retrying" && wasTold(this.#record)) {
      this.#log.recovered(usable.length, now - this.#record.state.since);
    }
    this.#record = afterSuccess(this.#record, index, now);
    this.#localName =
      answer.instances.find(({ datacenter }) => datacenter !== "")?.datacenter ?? this.#localName;
    const answered = { addresses: usable, mayConfirm: !answer.filteredByAcl && listsNothing(answer) };
    this.#local = afterAnswer(this.#local, answered, now, this.#config.emptyHoldMs);
    if (usable.length > 0) {
      this.#stopRemote();
    } else {
      this.#startRemote();
    }
    this.#tellSink();
  }

  #failed(failure: CatalogFailure, attempt: number, delayMs: number): void {
    const now = this.#ports.clock.now();
    this.#log.failed(failure, attempt, delayMs, isNews(this.#record, failure, now));
    this.#record = afterQueryFailure(this.#record, failure, { attempt, delayMs }, now);
    this.#local = afterFailure(this.#local);
  }

  /** Nothing else changes: what is counted or held goes on. */
  #endedEarly(failure: CatalogFailure, tookMs: number, datacenter?: string): void {
    this.#log.endedEarly(failure, tookMs, datacenter);
    this.#record = afterEarlyEnd(this.#record);
  }

  #waitMs(): number {
    const { emptyUntil } = this.#local;
    return emptyUntil === undefined
      ? this.#config.waitMs
      : Math.min(this.#config.waitMs, Math.max(emptyUntil - this.#ports.clock.now(), MIN_WAIT_MS));
  }

  /** The local servers alone; held ones with the remote ones behind them; the remote ones alone when there are no others. */
  #tellSink(): void {
    const remote = this.#remote?.addresses ?? [];
    this.#report.report([...new Set([...this.#local.addresses, ...remote])], this.#tier);
  }

  #startRemote(): void {
    if (this.#remoteSearch !== undefined || this.#running === undefined) {
      return;
    }
    this.#remoteSearch = new AbortController();
    const observer = {
      localName: () => this.#localName,
      answered: (datacenter: string, answer: CatalogAnswer) => this.#remoteAnswered(datacenter, answer),
      failed: (datacenter: string | undefined, failure: CatalogFailure) => {
        this.#log.remoteFailed(failure, datacenter);
        this.#record = afterRemoteFailure(this.#record, failure, datacenter, this.#ports.clock.now());
      },
      endedEarly: (datacenter: string, failure: CatalogFailure, tookMs: number) => {
        this.#endedEarly(failure, tookMs, datacenter);
      },
      waitLimited: (datacenter: string, limitMs: number | undefined) => {
        this.#log.waitLimited(limitMs, datacenter);
      },
      noneFound: () => {
        this.#noneFound();
      },
      searched: () => this.#ports.reported?.(),
    };
    this.#track(serveFromRemote(this.#ports, this.#config, observer, this.#remoteSearch.signal));
  }

  #stopRemote(): void {
    this.#remoteSearch?.abort();
    this.#remoteSearch = undefined;
    this.#remote = undefined;
  }

  #remoteAnswered(datacenter: string, answer: CatalogAnswer): boolean {
    this.#record = afterRemoteSuccess(this.#record);
    const usable = this.#usable(answer, "remote");
    if (usable.length === 0) {
      return false;
    }
    if (this.#remote?.datacenter !== datacenter) {
      this.#log.remoteUsed(datacenter, usable.length);
    }
    this.#remote = { datacenter, addresses: usable, seenAt: this.#ports.clock.now() };
    this.#tellSink();
    return true;
  }

  #noneFound(): void {
    const seenAt = this.#remote?.seenAt ?? Number.NEGATIVE_INFINITY;
    if (this.#ports.clock.now() - seenAt >= this.#config.emptyHoldMs) {
      this.#remote = undefined;
      this.#tellSink();
    }
  }

  #usable(answer: CatalogAnswer, where: "local" | "remote"): readonly string[] {
    const { usable, skipped } = addressesOf(answer, this.#config.service);
    this.#log.leftOut(where, skipped);
    return usable;
  }

  #noteRights(rights: ReadRights): void {
    this.#log.rights(this.#rights.missing, rights.missing);
    this.#rights = rights;
  }

  #track(work: Promise<void>): void {
    const done = this.#running?.done;
    const tracked = work.catch((error: unknown) => {
      this.#ports.logger.error({ err: error }, "the Consul watch ended unexpectedly");
    });
    done?.add(tracked);
    void tracked.then(() => done?.delete(tracked));
  }
}

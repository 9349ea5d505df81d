import type { Clock, Logger, Random } from "../../core/ports.ts";
import type { Tier } from "../../core/snapshot.ts";
import type { CatalogFailure, ConsulCatalog } from "../../net/consul/catalog.ts";
import { BackupReport, type BackupSink } from "./backup-report.ts";
import { afterAnswer, afterFailure, type ConfirmedList, UNKNOWN_LIST } from "./confirmed-list.ts";
import { afterListing, type ReadRights, UNKNOWN_RIGHTS } from "./consul-rights.ts";
import { datacenterPlan } from "./datacenter-order.ts";
import { type WatchEvent, watchDatacenter } from "./datacenter-watch.ts";
import { type Listing, listsNothing } from "./listing.ts";
import { type RemoteEvent, watchRemote } from "./remote-watch.ts";
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
    const local = {
      name: datacenterPlan(this.#config.datacenters).preferred,
      waitMs: () => this.#waitMs(),
    };
    const events = watchDatacenter(this.#ports, this.#config, local, abort.signal);
    this.#follow(events, abort.signal, (event) => {
      this.#takeLocal(event);
    });
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

  #takeLocal(event: WatchEvent): void {
    switch (event.kind) {
      case "answered":
        this.#answered(event.listing, event.index);
        return;
      case "failed":
        this.#failed(event.failure, event.attempt, event.delayMs);
        return;
      case "ended-early":
        this.#endedEarly(event.failure, event.tookMs);
        return;
      case "wait-limited":
        this.#record = afterWaitLimited(this.#record, event.limitMs);
        this.#log.waitLimited(event.limitMs);
    }
  }

  #takeRemote(event: RemoteEvent): void {
    switch (event.kind) {
      case "answered":
        this.#remoteAnswered(event.datacenter, event.listing);
        return;
      case "failed":
        this.#remoteFailed(event.failure, event.datacenter);
        return;
      case "catalog-failed":
        this.#remoteFailed(event.failure);
        return;
      case "ended-early":
        this.#endedEarly(event.failure, event.tookMs, event.datacenter);
        return;
      case "wait-limited":
        this.#log.waitLimited(event.limitMs, event.datacenter);
        return;
      case "searched":
        if (event.foundNone) {
          this.#noneFound();
        }
        this.#ports.reported?.();
    }
  }

  #answered(listing: Listing, index: number): void {
    const now = this.#ports.clock.now();
    const { usable } = listing;
    this.#log.leftOut("local", listing.skipped);
    this.#noteRights(afterListing(this.#rights, listing, now));
    if (this.#record.state.kind === "retrying" && wasTold(this.#record)) {
      this.#log.recovered(usable.length, now - this.#record.state.since);
    }
    this.#record = afterSuccess(this.#record, index, now);
    this.#localName = listing.datacenter ?? this.#localName;
    const answered = { addresses: usable, mayConfirm: !listing.filteredByAcl && listsNothing(listing) };
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
    const search = new AbortController();
    this.#remoteSearch = search;
    const events = watchRemote(this.#ports, this.#config, () => this.#localName, search.signal);
    this.#follow(events, search.signal, (event) => {
      this.#takeRemote(event);
    });
  }

  #stopRemote(): void {
    this.#remoteSearch?.abort();
    this.#remoteSearch = undefined;
    this.#remote = undefined;
  }

  #remoteAnswered(datacenter: string, { usable, skipped }: Listing): void {
    this.#record = afterRemoteSuccess(this.#record);
    this.#log.leftOut("remote", skipped);
    if (usable.length > 0) {
      if (this.#remote?.datacenter !== datacenter) {
        this.#log.remoteUsed(datacenter, usable.length);
      }
      this.#remote = { datacenter, addresses: usable, seenAt: this.#ports.clock.now() };
      this.#tellSink();
    }
  }

  #remoteFailed(failure: CatalogFailure, datacenter?: string): void {
    this.#log.remoteFailed(failure, datacenter);
    this.#record = afterRemoteFailure(this.#record, failure, datacenter, this.#ports.clock.now());
  }

  #noneFound(): void {
    const seenAt = this.#remote?.seenAt ?? Number.NEGATIVE_INFINITY;
    if (this.#ports.clock.now() - seenAt >= this.#config.emptyHoldMs) {
      this.#remote = undefined;
      this.#tellSink();
    }
  }

  #noteRights(rights: ReadRights): void {
    this.#log.rights(this.#rights.missing, rights.missing);
    this.#rights = rights;
  }

  /** Takes each event until the signal aborts. What a watch yields after the abort counts no more. */
  #follow<Event>(events: AsyncIterable<Event>, signal: AbortSignal, take: (event: Event) => void): void {
    const done = this.#running?.done;
    const ended = takeEach(events, signal, take).catch((error: unknown) => {
      this.#ports.logger.error({ err: error }, "the Consul watch ended unexpectedly");
    });
    done?.add(ended);
    void ended.then(() => done?.delete(ended));
  }
}

async function takeEach<Event>(
  events: AsyncIterable<Event>,
  signal: AbortSignal,
  take: (event: Event) => void,
): Promise<void> {
  for await (const event of events) {
    if (signal.aborted) {
      return;
    }
    take(event);
  }
}

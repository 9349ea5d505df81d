import type { Note } from "../../core/journal-event.ts";
import type { Clock, Logger, Random } from "../../core/ports.ts";
import type { ConsulCatalog } from "../../net/consul/catalog.ts";
import type { BackupReport, BackupSink } from "./backup-report.ts";
import { waitWithin } from "./confirmed-list.ts";
import { datacenterPlan } from "./datacenter-order.ts";
import { type WatchEvent, watchDatacenter } from "./datacenter-watch.ts";
import { type RemoteEvent, watchRemote } from "./remote-watch.ts";
import type { ConsulWatchConfig } from "./watch-config.ts";
import { ConsulWatchNews } from "./watch-news.ts";
import {
  afterLocal,
  afterRemote,
  afterStart,
  afterStop,
  afterTier,
  IDLE_RECORD,
  type Moment,
  type WatchRecord,
} from "./watch-record.ts";
import { type ConsulWatchStatus, statusOf } from "./watch-status.ts";

export interface ConsulWatcherPorts {
  readonly catalog: ConsulCatalog;
  readonly sink: BackupSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly note: Note;
  readonly logger: Logger;
  /** Called when a list of Consul's has been taken, or no datacenter has a server; again each time. */
  readonly reported?: () => void;
}

/**
 * Watches one service in Consul and reports its servers to the core, as backups, or as primaries while orphaned. What
 * it reports is empty only when Consul answered so for the hold time; a Consul that is down empties nothing.
 *
 * Each event of a watch takes one way: it makes the next record, the journal is told the change, a search of other
 * datacenters begins or ends with it, and the sink is told when the report is another one.
 */
export class ConsulWatcher {
  readonly #ports: ConsulWatcherPorts;
  readonly #config: ConsulWatchConfig;
  readonly #news: ConsulWatchNews;
  #record: WatchRecord = IDLE_RECORD;
  #running: { readonly abort: AbortController; readonly watches: Set<Promise<void>> } | undefined;
  #remoteSearch: AbortController | undefined;

  constructor(ports: ConsulWatcherPorts, config: ConsulWatchConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#news = new ConsulWatchNews(ports.note, config.service);
  }

  /** Starts watching; a second call changes nothing. */
  start(): void {
    if (this.#running !== undefined) {
      return;
    }
    const { clock } = this.#ports;
    const abort = new AbortController();
    this.#running = { abort, watches: new Set() };
    this.#become(afterStart(this.#record, clock.now()));
    const local = {
      name: datacenterPlan(this.#config.datacenters).preferred,
      waitMs: () => waitWithin(this.#record.local, this.#config.waitMs, clock.now()),
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
    this.#become(afterStop(this.#record, this.#ports.clock.now()));
    await Promise.all(running.watches);
  }

  /** While orphaned the servers are primaries, so that the agent may leave a minority partition. Reported at once. */
  setOrphaned(orphaned: boolean): void {
    this.#become(afterTier(this.#record, orphaned ? "primary" : "backup"));
  }

  status(): ConsulWatchStatus {
    return statusOf(this.#record);
  }

  #takeLocal(event: WatchEvent): void {
    const before = this.#record;
    const moment = this.#moment();
    const after = afterLocal(before, event, moment);
    this.#news.local(event, { before, after, now: moment.now });
    this.#become(after);
  }

  #takeRemote(event: RemoteEvent): void {
    const before = this.#record;
    const moment = this.#moment();
    const after = afterRemote(before, event, moment);
    this.#news.remote(event, { before, after, now: moment.now });
    this.#become(after);
    if (event.kind === "searched") {
      this.#ports.reported?.();
    }
  }

  #moment(): Moment {
    return { now: this.#ports.clock.now(), emptyHoldMs: this.#config.emptyHoldMs };
  }

  /** The only place where the record changes. */
  #become(record: WatchRecord): void {
    const before = this.#record;
    this.#record = record;
    if (record.remote === undefined) {
      this.#remoteSearch?.abort();
      this.#remoteSearch = undefined;
    } else if (this.#remoteSearch === undefined) {
      this.#searchRemote();
    }
    if (record.report !== undefined && record.report !== before.report) {
      this.#tellSink(record.report);
    }
  }

  #searchRemote(): void {
    const search = new AbortController();
    this.#remoteSearch = search;
    const localName = () => this.#record.localName;
    const events = watchRemote(this.#ports, this.#config, localName, search.signal);
    this.#follow(events, search.signal, (event) => {
      this.#takeRemote(event);
    });
  }

  /** Does not wait for the sink, which may have to resolve names: the core keeps the order of overlapping calls. */
  #tellSink({ addresses, tier }: BackupReport): void {
    const { sink, logger, reported } = this.#ports;
    sink.setBackupServers(addresses, { tier }).then(
      () => {
        if (addresses.length > 0) {
          reported?.();
        }
      },
      (error: unknown) => {
        logger.error({ err: error }, "the server list refused what Consul reported");
      },
    );
  }

  /** Takes each event until the signal aborts. What a watch yields after the abort counts no more. */
  #follow<Event>(events: AsyncIterable<Event>, signal: AbortSignal, take: (event: Event) => void): void {
    const watches = this.#running?.watches;
    const watch = takeEach(events, signal, take).catch((error: unknown) => {
      this.#ports.logger.error({ err: error }, "the Consul watch ended unexpectedly");
    });
    watches?.add(watch);
    void watch.then(() => watches?.delete(watch));
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

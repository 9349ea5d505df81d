import type { Note } from "../../core/journal-event.ts";
import { atAbort, Life } from "../../core/life.ts";
import type { Clock, Logger, Random } from "../../core/ports.ts";
import { type Runnable, Running } from "../../core/running.ts";
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
  takenOver,
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
export class ConsulWatcher implements Runnable {
  readonly #ports: ConsulWatcherPorts;
  readonly #config: ConsulWatchConfig;
  readonly #news: ConsulWatchNews;
  #record: WatchRecord;
  readonly #life = new Life();
  /** The search of other datacenters, while there is one. */
  readonly #searching = new Running();
  readonly #search: Runnable = { run: (signal) => this.#searchRemote(signal) };

  /** @param known what a watcher before this one knew. */
  constructor(ports: ConsulWatcherPorts, config: ConsulWatchConfig, known: WatchRecord = IDLE_RECORD) {
    this.#record = takenOver(known);
    this.#ports = ports;
    this.#config = config;
    this.#news = new ConsulWatchNews(ports.note, config.service);
  }

  /** What was reported stays. */
  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, async () => {
      const { clock } = this.#ports;
      this.#become(afterStart(this.#record, clock.now()));
      const watch = this.#watchLocal(signal);
      await atAbort(signal, () => {
        this.#become(afterStop(this.#record, clock.now()));
        return this.#searching.end();
      });
      await watch;
    });
  }

  /** While orphaned the servers are primaries, so that the agent may leave a minority partition. Reported at once. */
  setOrphaned(orphaned: boolean): void {
    this.#become(afterTier(this.#record, orphaned ? "primary" : "backup"));
  }

  /** For a watcher that takes over. */
  known(): WatchRecord {
    return this.#record;
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
    this.#searching.follow(record.remote === undefined ? [] : [this.#search]);
    if (record.report !== undefined && record.report !== before.report) {
      this.#tellSink(record.report);
    }
  }

  #watchLocal(signal: AbortSignal): Promise<void> {
    const local = {
      name: datacenterPlan(this.#config.datacenters).preferred,
      waitMs: () => waitWithin(this.#record.local, this.#config.waitMs, this.#ports.clock.now()),
    };
    const events = watchDatacenter(this.#ports, this.#config, local, signal);
    return this.#follow(events, signal, (event) => {
      this.#takeLocal(event);
    });
  }

  #searchRemote(signal: AbortSignal): Promise<void> {
    const localName = () => this.#record.localName;
    const events = watchRemote(this.#ports, this.#config, localName, signal);
    return this.#follow(events, signal, (event) => {
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
  async #follow<Event>(
    events: AsyncIterable<Event>,
    signal: AbortSignal,
    take: (event: Event) => void,
  ): Promise<void> {
    try {
      for await (const event of events) {
        if (signal.aborted) {
          return;
        }
        take(event);
      }
    } catch (error) {
      this.#ports.logger.error({ err: error }, "the Consul watch ended unexpectedly");
    }
  }
}

import { LeftOut } from "../../core/left-out.ts";
import type { Logger } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import type { CatalogFailure, SkippedInstance } from "../../net/consul/catalog.ts";
import { mayBeTold, type ReadRights } from "./consul-rights.ts";
import type { WatchEvent } from "./datacenter-watch.ts";
import type { RemoteEvent } from "./remote-watch.ts";
import type { WatchRecord } from "./watch-record.ts";

/** What an event made of the record, at `now` by `Clock.now`. */
interface RecordChange {
  readonly before: WatchRecord;
  readonly after: WatchRecord;
  readonly now: number;
}

/**
 * What the log says of one watch of Consul. Each line follows from an event, and from the record before the event and
 * after. A datacenter is named when it is not the watched one.
 */
export class ConsulWatchLog {
  readonly #logger: Logger;
  readonly #service: string;
  readonly #leftOut = { local: new LeftOut(), remote: new LeftOut() };

  constructor(logger: Logger, service: string) {
    this.#logger = logger;
    this.#service = service;
  }

  /** Tells of an event of the watch of the local datacenter. */
  local(event: WatchEvent, { before, after, now }: RecordChange): void {
    switch (event.kind) {
      case "answered":
        this.#skipped("local", event.listing.skipped, now);
        this.#rights(before.rights, after.rights, now);
        this.#recovered(event.listing.usable.length, before, now);
        return;
      case "failed":
        this.#failed(event, after.told !== before.told);
        return;
      case "ended-early":
        this.#endedEarly(event);
        return;
      case "wait-limited":
        this.#waitLimited(event.limitMs);
    }
  }

  /** Tells of an event of the search of other datacenters. */
  remote(event: RemoteEvent, { before, after, now }: RecordChange): void {
    switch (event.kind) {
      case "answered":
        this.#skipped("remote", event.listing.skipped, now);
        if (after.remote?.datacenter !== before.remote?.datacenter) {
          const fields = { ...named(event.datacenter), servers: event.listing.usable.length };
          this.#logger.info(fields, "another datacenter's servers are used");
        }
        return;
      case "failed":
        this.#remoteFailed(event.failure, event.datacenter);
        return;
      case "catalog-failed":
        this.#remoteFailed(event.failure);
        return;
      case "ended-early":
        this.#endedEarly(event, event.datacenter);
        return;
      case "wait-limited":
        this.#waitLimited(event.limitMs, event.datacenter);
        return;
      case "searched":
    }
  }

  #skipped(where: "local" | "remote", skipped: readonly SkippedInstance[], now: number): void {
    const news = this.#leftOut[where].news(skipped, now);
    if (news !== undefined) {
      const fields = { service: this.#service, leftOut: skipped.length };
      this.#logger.warn(fields, `instances in Consul left out: ${news}`);
    }
  }

  /**
   * Once when something is hidden and once when nothing is any more, at most once a minute; changes between at `debug`.
   */
  #rights(before: ReadRights, after: ReadRights, now: number): void {
    if (before.missing?.message === after.missing?.message) {
      return;
    }
    const fields = { service: this.#service };
    if (after.missing === undefined) {
      const level = mayBeTold(before, now) ? "info" : "debug";
      this.#logger[level](fields, "Consul hides nothing from the token any more");
    } else {
      const level = after.warnedAt === before.warnedAt ? "debug" : "warn";
      this.#logger[level](fields, after.missing.message);
    }
  }

  /** Once for an outage of which a failure was told. */
  #recovered(servers: number, { state, told }: WatchRecord, now: number): void {
    if (state.kind === "retrying" && told.inOutage.length > 0) {
      this.#logger.info({ servers, downMs: now - state.since }, "Consul answers again");
    }
  }

  #failed({ failure, attempt, delayMs }: Extract<WatchEvent, { kind: "failed" }>, isNews: boolean): void {
    const fields = { ...fieldsOf(failure), attempt, retryInMs: Math.round(delayMs) };
    if (isNews) {
      this.#logger.warn(fields, "Consul fails; the servers it reported stay, and it is tried again");
    } else {
      this.#logger.debug(fields, "Consul still fails");
    }
  }

  #endedEarly({ failure, tookMs }: Extract<WatchEvent, { kind: "ended-early" }>, datacenter?: string): void {
    const fields = { ...fieldsOf(failure), tookMs: Math.round(tookMs), ...named(datacenter) };
    this.#logger.debug(fields, "something on the way to Consul ended a query that waited; it is asked anew");
  }

  #waitLimited(limitMs: number | undefined, datacenter?: string): void {
    if (limitMs === undefined) {
      this.#logger.info(named(datacenter), "queries to Consul wait as long as configured again");
    } else {
      const fields = { waitMs: Math.round(limitMs), ...named(datacenter) };
      this.#logger.info(
        fields,
        "something on the way to Consul ends queries that wait; they wait for a shorter time now",
      );
    }
  }

  #remoteFailed(failure: CatalogFailure, datacenter?: string): void {
    this.#logger.debug({ ...fieldsOf(failure), ...named(datacenter) }, "another datacenter fails");
  }
}

function fieldsOf({ code, message }: CatalogFailure): { code: string; reason: string } {
  return { code, reason: message };
}

function named(datacenter: string | undefined): { datacenter?: string } {
  return datacenter === undefined ? {} : { datacenter: printable(datacenter) };
}

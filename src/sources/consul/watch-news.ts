import type { Note } from "../../core/journal-event.ts";
import { LeftOut } from "../../core/left-out.ts";
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
 * What is noteworthy of one watch of Consul. It follows from an event of the watch, and from the record before it and
 * after. A datacenter is named when it is not the watched one.
 */
export class ConsulWatchNews {
  readonly #note: Note;
  readonly #service: string;
  readonly #leftOut = { local: new LeftOut(), remote: new LeftOut() };

  constructor(note: Note, service: string) {
    this.#note = note;
    this.#service = service;
  }

  /** Tells of an event of the watch of the local datacenter. */
  local(event: WatchEvent, { before, after, now }: RecordChange): void {
    switch (event.kind) {
      case "answered":
        this.#skipped("local", event.listing.skipped, now);
        this.#rights(before.rights, after.rights, now);
        this.#recovered(event.listing.usable.length, before, now);
        this.#emptied(before, after, now);
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
          const servers = event.listing.usable.length;
          this.#note({ kind: "datacenter-used", ...named(event.datacenter), servers });
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
      const service = this.#service;
      this.#note({ kind: "instances-left-out", service, leftOut: skipped.length, news });
    }
  }

  /**
   * Once when something is hidden and once when nothing is any more, at most once a minute; changes between at `debug`.
   */
  #rights(before: ReadRights, after: ReadRights, now: number): void {
    if (before.missing?.message === after.missing?.message) {
      return;
    }
    const event = { kind: "consul-rights", service: this.#service } as const;
    if (after.missing === undefined) {
      this.#note({ ...event, isNews: mayBeTold(before, now) });
    } else {
      const { message } = after.missing;
      this.#note({ ...event, message, isNews: after.warnedAt !== before.warnedAt });
    }
  }

  /** Once for an outage of which a failure was told. */
  #recovered(servers: number, { state, told }: WatchRecord, now: number): void {
    if (state.kind === "retrying" && told.inOutage.length > 0) {
      this.#note({ kind: "consul-recovered", servers, downMs: now - state.since });
    }
  }

  /** Once when an empty list begins to be held back, and once when it counts. */
  #emptied(before: WatchRecord, after: WatchRecord, now: number): void {
    const { emptyUntil } = after.local;
    if (emptyUntil !== undefined && before.local.emptyUntil === undefined) {
      this.#note({ kind: "empty-held", forMs: Math.round(emptyUntil - now) });
    }
    const removed = before.local.addresses.length;
    if (removed > 0 && after.local.addresses.length === 0) {
      this.#note({ kind: "empty-applied", removed });
    }
  }

  #failed({ failure, attempt, delayMs }: Extract<WatchEvent, { kind: "failed" }>, isNews: boolean): void {
    const retryInMs = Math.round(delayMs);
    this.#note({ kind: "consul-failed", ...fieldsOf(failure), attempt, retryInMs, isNews });
  }

  #endedEarly({ failure, tookMs }: Extract<WatchEvent, { kind: "ended-early" }>, datacenter?: string): void {
    const fields = { ...fieldsOf(failure), tookMs: Math.round(tookMs), ...named(datacenter) };
    this.#note({ kind: "query-ended-early", ...fields });
  }

  #waitLimited(limitMs: number | undefined, datacenter?: string): void {
    const limited = limitMs === undefined ? {} : { waitMs: Math.round(limitMs) };
    this.#note({ kind: "query-wait-limited", ...limited, ...named(datacenter) });
  }

  #remoteFailed(failure: CatalogFailure, datacenter?: string): void {
    this.#note({ kind: "datacenter-failed", ...fieldsOf(failure), ...named(datacenter) });
  }
}

function fieldsOf({ code, message }: CatalogFailure): { code: string; reason: string } {
  return { code, reason: message };
}

function named(datacenter: string | undefined): { datacenter?: string } {
  return datacenter === undefined ? {} : { datacenter: printable(datacenter) };
}

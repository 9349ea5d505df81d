import { LeftOut } from "../../core/left-out.ts";
import type { Clock, Logger } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import type { CatalogFailure, SkippedInstance } from "../../net/consul/catalog.ts";
import type { MissingRights } from "./consul-rights.ts";

/** Consul servers that disagree about a token, asked in turn, would make a line with each answer. */
const RIGHTS_TOLD_EVERY_MS = 60_000;

/** What the log says of one watch of Consul. A datacenter is named when it is not the watched one. */
export class ConsulWatchLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #service: string;
  #rightsToldAt = Number.NEGATIVE_INFINITY;
  readonly #leftOut = { local: new LeftOut(), remote: new LeftOut() };

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }, service: string) {
    this.#clock = clock;
    this.#logger = logger;
    this.#service = service;
  }

  /** @param isNews whether it has not been said of this outage yet. */
  failed(failure: CatalogFailure, attempt: number, delayMs: number, isNews: boolean): void {
    const fields = { ...fieldsOf(failure), attempt, retryInMs: Math.round(delayMs) };
    if (isNews) {
      this.#logger.warn(fields, "Consul fails; the servers it reported stay, and it is tried again");
    } else {
      this.#logger.debug(fields, "Consul still fails");
    }
  }

  recovered(servers: number, downMs: number): void {
    this.#logger.info({ servers, downMs }, "Consul answers again");
  }

  endedEarly(failure: CatalogFailure, tookMs: number, datacenter?: string): void {
    const fields = { ...fieldsOf(failure), tookMs: Math.round(tookMs), ...named(datacenter) };
    this.#logger.debug(fields, "something on the way to Consul ended a query that waited; it is asked anew");
  }

  waitLimited(limitMs: number | undefined, datacenter?: string): void {
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

  remoteFailed(failure: CatalogFailure, datacenter: string | undefined): void {
    this.#logger.debug({ ...fieldsOf(failure), ...named(datacenter) }, "another datacenter fails");
  }

  remoteUsed(datacenter: string, servers: number): void {
    this.#logger.info({ ...named(datacenter), servers }, "another datacenter's servers are used");
  }

  /** Once when something is hidden and once when nothing is any more, at most once a minute; changes between at `debug`. */
  rights(before: MissingRights | undefined, after: MissingRights | undefined): void {
    if (before?.message === after?.message) {
      return;
    }
    const now = this.#clock.now();
    const isNews =
      (before === undefined || after === undefined) && now - this.#rightsToldAt >= RIGHTS_TOLD_EVERY_MS;
    const fields = { service: this.#service };
    if (after === undefined) {
      this.#logger[isNews ? "info" : "debug"](fields, "Consul hides nothing from the token any more");
    } else {
      this.#logger[isNews ? "warn" : "debug"](fields, after.message);
    }
    if (isNews && after !== undefined) {
      this.#rightsToldAt = now;
    }
  }

  leftOut(where: "local" | "remote", skipped: readonly SkippedInstance[]): void {
    const news = this.#leftOut[where].news(skipped, this.#clock.now());
    if (news !== undefined) {
      const fields = { service: this.#service, leftOut: skipped.length };
      this.#logger.warn(fields, `instances in Consul left out: ${news}`);
    }
  }
}

function fieldsOf({ code, message }: CatalogFailure): { code: string; reason: string } {
  return { code, reason: message };
}

function named(datacenter: string | undefined): { datacenter?: string } {
  return datacenter === undefined ? {} : { datacenter: printable(datacenter) };
}

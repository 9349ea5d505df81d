import type { Clock, Logger } from "../core/ports.ts";
import type { EndpointError } from "../core/server-endpoint.ts";
import type { Tier } from "../core/snapshot.ts";
import { LeftOut } from "./left-out.ts";

/** Where a source's list goes: the core's `RpcProxy` has this method. */
export interface BackupSink {
  /** @returns the addresses that could not be used; the others were applied. */
  setBackupServers(addrs: readonly string[], options?: { tier?: Tier }): Promise<readonly EndpointError[]>;
}

/** Tells the sink of a list when it differs from the last one, and again while an address of it could not be used. */
export class BackupReport {
  readonly #sink: BackupSink;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leftOut = new LeftOut();
  #last: { readonly addresses: readonly string[]; readonly tier: Tier; readonly key: string } | undefined;
  #hasRejected = false;

  constructor({ sink, clock, logger }: { sink: BackupSink; clock: Clock; logger: Logger }) {
    this.#sink = sink;
    this.#clock = clock;
    this.#logger = logger;
  }

  get last(): { readonly addresses: readonly string[]; readonly tier: Tier } | undefined {
    return this.#last;
  }

  /** Does not wait for the sink, which may have to resolve names: the core keeps the order of overlapping calls. */
  report(addresses: readonly string[], tier: Tier): void {
    const key = `${tier} ${addresses.join(" ")}`;
    if (this.#last?.key === key && !this.#hasRejected) {
      return;
    }
    const reported = { addresses, tier, key };
    this.#last = reported;
    this.#sink.setBackupServers(addresses, { tier }).then(
      (rejected) => {
        if (this.#last === reported) {
          this.#noteRejected(rejected);
        }
      },
      (error: unknown) => {
        this.#logger.error({ err: error }, "the server list refused what Consul reported");
      },
    );
  }

  #noteRejected(rejected: readonly EndpointError[]): void {
    this.#hasRejected = rejected.length > 0;
    const entries = rejected.map(({ address, message }) => ({ id: address, reason: message }));
    const news = this.#leftOut.news(entries, this.#clock.now());
    if (news !== undefined) {
      this.#logger.warn({ rejected: rejected.length }, `addresses from Consul left out: ${news}`);
    }
  }
}

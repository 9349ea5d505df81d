import type { Logger } from "../core/ports.ts";
import type { EndpointError } from "../core/server-endpoint.ts";
import type { Tier } from "../core/snapshot.ts";

/** Where a source's list goes: the core's `RpcProxy` has this method. */
export interface BackupSink {
  /** @returns the addresses that could not be used; the others were applied. */
  setBackupServers(addrs: readonly string[], options?: { tier?: Tier }): Promise<readonly EndpointError[]>;
}

/** Tells the sink of a list when it differs from the last one, and again while an address of it could not be used. */
export class BackupReport {
  readonly #sink: BackupSink;
  readonly #logger: Logger;
  #last: { readonly addresses: readonly string[]; readonly tier: Tier; readonly key: string } | undefined;
  #rejected = "";

  constructor(sink: BackupSink, logger: Logger) {
    this.#sink = sink;
    this.#logger = logger;
  }

  get last(): { readonly addresses: readonly string[]; readonly tier: Tier } | undefined {
    return this.#last;
  }

  /** Does not wait for the sink, which may have to resolve names: the core keeps the order of overlapping calls. */
  report(addresses: readonly string[], tier: Tier): void {
    const key = `${tier} ${addresses.join(" ")}`;
    if (this.#last?.key === key && this.#rejected === "") {
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
    const names = rejected.map((error) => error.message).join("; ");
    if (names !== this.#rejected && names !== "") {
      this.#logger.warn(
        { rejected: rejected.map((error) => error.address) },
        `addresses from Consul left out: ${names}`,
      );
    }
    this.#rejected = names;
  }
}

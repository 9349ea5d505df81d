import type { Logger } from "../../core/ports.ts";
import type { EndpointError } from "../../core/server-endpoint.ts";
import type { Tier } from "../../core/snapshot.ts";

/** Where a source's list goes: the core's `RpcProxy` has this method. */
export interface BackupSink {
  /** @returns the addresses that could not be used; the others were applied. */
  setBackupServers(addrs: readonly string[], options?: { tier?: Tier }): Promise<readonly EndpointError[]>;
}

/** Tells the sink of a list when it differs from the last one. Names in it that have no address are the sink's to ask for. */
export class BackupReport {
  readonly #sink: BackupSink;
  readonly #logger: Logger;
  readonly #reported: (() => void) | undefined;
  #last: { readonly addresses: readonly string[]; readonly tier: Tier; readonly key: string } | undefined;

  /** @param ports `reported` is called each time the sink has taken a list with servers. */
  constructor(ports: { readonly sink: BackupSink; readonly logger: Logger; readonly reported?: () => void }) {
    const { sink, logger, reported } = ports;
    this.#sink = sink;
    this.#logger = logger;
    this.#reported = reported;
  }

  get last(): { readonly addresses: readonly string[]; readonly tier: Tier } | undefined {
    return this.#last;
  }

  /** Does not wait for the sink, which may have to resolve names: the core keeps the order of overlapping calls. */
  report(addresses: readonly string[], tier: Tier): void {
    const key = `${tier} ${addresses.join(" ")}`;
    if (this.#last?.key === key) {
      return;
    }
    this.#last = { addresses, tier, key };
    this.#sink.setBackupServers(addresses, { tier }).then(
      () => {
        if (addresses.length > 0) {
          this.#reported?.();
        }
      },
      (error: unknown) => {
        this.#logger.error({ err: error }, "the server list refused what Consul reported");
      },
    );
  }
}

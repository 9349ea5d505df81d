import { until } from "../../scripts/lab/until.ts";
import type { EndpointError } from "../../src/core/rpc-addr.ts";
import type { Tier } from "../../src/core/snapshot.ts";
import { ConsulClient, type ConsulClientOptions } from "../../src/net/consul/consul-client.ts";
import { ConsulWatcher } from "../../src/sources/consul/consul-watcher.ts";
import { type ConsulWatchConfig, DEFAULT_CONSUL_WATCH } from "../../src/sources/consul/watch-config.ts";
import { systemClock, systemRandom } from "../../src/system-ports.ts";
import { FakeLogger, noteTo } from "./fake-ports.ts";
import { begin, end } from "./lives.ts";

export interface Reported {
  readonly addresses: readonly string[];
  readonly tier: Tier | undefined;
  readonly at: number;
}

/** A watcher on the real clock over the real client, and everything it reported. */
export class WatchedPool implements AsyncDisposable {
  readonly reports: Reported[] = [];
  readonly logger = new FakeLogger();
  readonly watcher: ConsulWatcher;
  readonly client: ConsulClient;
  readonly #ownsClient: boolean;

  constructor(consul: ConsulClientOptions | ConsulClient, config: Partial<ConsulWatchConfig> = {}) {
    this.#ownsClient = !(consul instanceof ConsulClient);
    this.client = consul instanceof ConsulClient ? consul : new ConsulClient(consul);
    const sink = {
      setBackupServers: (addresses: readonly string[], options?: { tier?: Tier }) => {
        this.reports.push({ addresses, tier: options?.tier, at: performance.now() });
        return Promise.resolve<readonly EndpointError[]>([]);
      },
    };
    this.watcher = new ConsulWatcher(
      {
        catalog: this.client,
        sink,
        clock: systemClock,
        random: systemRandom,
        logger: this.logger,
        note: noteTo(this.logger),
      },
      {
        ...DEFAULT_CONSUL_WATCH,
        service: "web",
        waitMs: 5_000,
        emptyHoldMs: 1_000,
        slackMs: 2_000,
        ...config,
      },
    );
    begin(this.watcher);
  }

  /** Sorted, since Consul's order is not fixed. */
  get list(): readonly string[] {
    return [...(this.reports.at(-1)?.addresses ?? [])].sort();
  }

  async shows(addresses: readonly string[], withinMs?: number): Promise<void> {
    const wanted = [...addresses].sort().join();
    await until(
      () => this.reports.length > 0 && this.list.join() === wanted,
      () => ({ wanted, list: this.list, status: this.watcher.status() }),
      withinMs,
    );
  }

  async fails(code: string, withinMs?: number): Promise<void> {
    const status = () => this.watcher.status();
    await until(() => status().lastError?.code === code, status, withinMs);
  }

  /** Whether a list without servers was ever reported after one with servers. */
  get wasEmptied(): boolean {
    const first = this.reports.findIndex(({ addresses }) => addresses.length > 0);
    return first !== -1 && this.reports.slice(first).some(({ addresses }) => addresses.length === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async stop(): Promise<void> {
    await end(this.watcher);
    if (this.#ownsClient) {
      await this.client.close();
    }
  }
}

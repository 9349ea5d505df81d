import { delayOrThrow } from "../../core/time/delay.ts";
import type { CatalogAnswer, CatalogFailure } from "../../net/consul/catalog.ts";
import { datacenterPlan, remoteOrder } from "./datacenter-order.ts";
import { asFailure, type WatchPorts, watchDatacenter } from "./datacenter-watch.ts";
import type { ConsulWatchConfig } from "./watch-config.ts";

/** Who is told what other datacenters have. */
export interface RemoteObserver {
  /** The known name of the local datacenter, which need not be asked again. */
  localName(): string | undefined;
  /** @returns whether the answer holds a usable server, so that this datacenter is worth watching. */
  answered(datacenter: string, answer: CatalogAnswer): boolean;
  failed(datacenter: string | undefined, failure: CatalogFailure): void;
  /** See `WatchObserver`, as the next one. */
  endedEarly(datacenter: string, failure: CatalogFailure, tookMs: number): void;
  waitLimited(datacenter: string, limitMs: number | undefined): void;
  /** Every other datacenter answered, and none has a server. */
  noneFound(): void;
  /** Every other datacenter was asked, whatever became of it. */
  searched(): void;
}

/**
 * Finds a datacenter that has servers and watches it until it has none or fails, then looks for the next, until the signal
 * aborts; then resolves. Runs beside the local watch and never delays it.
 */
export async function serveFromRemote(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  observer: RemoteObserver,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      const served = await scan(ports, config, observer, signal);
      observer.searched();
      const chance = ports.random();
      const pauseMs = served ? chance * config.maxBackoffMs : config.remoteScanMs * (0.5 + chance);
      await delayOrThrow(ports.clock, pauseMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
  }
}

/** @returns whether a datacenter served, now lost. */
async function scan(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  observer: RemoteObserver,
  signal: AbortSignal,
): Promise<boolean> {
  const names = await others(ports, config, observer, signal);
  let allAnswered = names !== undefined;
  for (const name of names ?? []) {
    const end = await watchWhileServing(ports, config, name, observer, signal);
    signal.throwIfAborted();
    if (end.served) {
      return true;
    }
    allAnswered &&= !end.failed;
  }
  if (allAnswered) {
    observer.noneFound();
  }
  return false;
}

async function others(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  observer: RemoteObserver,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const { others: configured } = datacenterPlan(config.datacenters);
  if (configured !== undefined) {
    return configured;
  }
  try {
    const all = await ports.catalog.datacenters({ deadlineMs: config.slackMs, signal });
    return remoteOrder(all, observer.localName(), ports.random);
  } catch (error) {
    signal.throwIfAborted();
    observer.failed(undefined, asFailure(error));
    return undefined;
  }
}

async function watchWhileServing(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  name: string,
  observer: RemoteObserver,
  signal: AbortSignal,
): Promise<{ served: boolean; failed: boolean }> {
  const lost = new AbortController();
  const end = { served: false, failed: false };
  const each = {
    answered: (answer: CatalogAnswer) => {
      if (observer.answered(name, answer)) {
        end.served = true;
      } else {
        lost.abort();
      }
    },
    failed: (failure: CatalogFailure) => {
      end.failed = true;
      observer.failed(name, failure);
      lost.abort();
    },
    endedEarly: (failure: CatalogFailure, tookMs: number) => {
      observer.endedEarly(name, failure, tookMs);
    },
    waitLimited: (limitMs: number | undefined) => {
      observer.waitLimited(name, limitMs);
    },
    waitMs: () => config.waitMs,
  };
  await watchDatacenter(ports, config, name, each, AbortSignal.any([signal, lost.signal]));
  return end;
}

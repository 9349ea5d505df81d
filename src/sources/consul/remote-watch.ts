import { delayOrThrow } from "../../core/time/delay.ts";
import type { CatalogFailure } from "../../net/consul/catalog.ts";
import { datacenterPlan, remoteOrder } from "./datacenter-order.ts";
import { asFailure, type WatchEvent, type WatchPorts, watchDatacenter } from "./datacenter-watch.ts";
import type { ConsulWatchConfig } from "./watch-config.ts";

/** What the search of other datacenters yields. */
export type RemoteEvent =
  /** Of the datacenter that is asked. */
  | (WatchEvent & { readonly datacenter: string })
  /** Consul did not say which datacenters there are. */
  | { readonly kind: "catalog-failed"; readonly failure: CatalogFailure }
  /** Every other datacenter was asked, whatever became of it; `foundNone` when each answered, and none has a server. */
  | { readonly kind: "searched"; readonly foundNone: boolean };

/**
 * Finds a datacenter that has servers and watches it until it has none or fails, then looks for the next, until the
 * signal aborts; then returns. Runs beside the local watch and never delays it. See `watchDatacenter` for what the
 * abort leaves.
 * @param localName the local datacenter's name, which need not be asked again, where it is known by then.
 */
export async function* watchRemote(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  localName: () => string | undefined,
  signal: AbortSignal,
): AsyncGenerator<RemoteEvent, void, undefined> {
  try {
    for (;;) {
      const found = yield* search(ports, config, localName, signal);
      yield { kind: "searched", foundNone: found === "nothing" };
      const chance = ports.random();
      const pauseMs =
        found === "servers" ? chance * config.maxBackoffMs : config.remoteScanMs * (0.5 + chance);
      await delayOrThrow(ports.clock, pauseMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
  }
}

/** What became of asking: servers that are lost now, the answer that there are none, or no whole answer. */
type Found = "servers" | "nothing" | "no-answer";

async function* search(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  localName: () => string | undefined,
  signal: AbortSignal,
): AsyncGenerator<RemoteEvent, Found, undefined> {
  const names = yield* others(ports, config, localName, signal);
  let found: Found = names === undefined ? "no-answer" : "nothing";
  for (const name of names ?? []) {
    const there = yield* watchWhileServing(ports, config, name, signal);
    signal.throwIfAborted();
    if (there === "servers") {
      return "servers";
    }
    found = there === "no-answer" ? "no-answer" : found;
  }
  return found;
}

/** @returns the names of the datacenters to ask, in order; `undefined` when they are not known. */
async function* others(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  localName: () => string | undefined,
  signal: AbortSignal,
): AsyncGenerator<RemoteEvent, readonly string[] | undefined, undefined> {
  const { others: configured } = datacenterPlan(config.datacenters);
  if (configured !== undefined) {
    return configured;
  }
  try {
    const all = await ports.catalog.datacenters({ deadlineMs: config.slackMs, signal });
    return remoteOrder(all, localName(), ports.random);
  } catch (error) {
    signal.throwIfAborted();
    yield { kind: "catalog-failed", failure: asFailure(error) };
    return undefined;
  }
}

async function* watchWhileServing(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  datacenter: string,
  signal: AbortSignal,
): AsyncGenerator<RemoteEvent, Found, undefined> {
  let found: Found = "nothing";
  const watched = { name: datacenter, waitMs: () => config.waitMs };
  for await (const event of watchDatacenter(ports, config, watched, signal)) {
    yield { ...event, datacenter };
    if (event.kind === "failed") {
      return found === "servers" ? "servers" : "no-answer";
    }
    if (event.kind === "answered") {
      if (event.listing.usable.length === 0) {
        return found;
      }
      found = "servers";
    }
  }
  return found;
}

/** What an HTTP server needs besides what a test is about. */
import type { Reloading } from "../../src/core/config-view.ts";
import type { DnsAnswer } from "../../src/core/explain/explanation.ts";
import type { PoolView } from "../../src/core/pool-view.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { Timeline } from "../../src/core/timeline/timeline.ts";
import type { PoolApi } from "../../src/views/http/http-api.ts";
import type { HttpOptions } from "../../src/views/http/http-server.ts";
import { CONFIG, FakeLogger, fakePorts } from "./fake-ports.ts";

/** The view of a list whose servers nobody watches. */
export function unwatchedView(name: string, proxy: Pick<RpcProxy, "snapshot" | "history">): PoolView {
  return {
    name,
    onDemand: false,
    isIdle: false,
    snapshot: proxy.snapshot(),
    state: proxy.snapshot().head === undefined ? "empty" : "live",
    contact: "held",
    sources: [],
    watched: [],
    down: [],
    penalised: [],
    unlisted: [],
    ifHeadFails: { kind: "none" },
    settings: { ping: "none", standby: false, timeoutMs: 500 },
    due: [],
    history: proxy.history(),
  };
}

export function fakePool(name: string, api: Partial<PoolApi> = {}): PoolApi {
  const proxy = new RpcProxy(fakePorts(), CONFIG);
  return {
    isReady: () => true,
    listState: () => "live",
    warnings: () => [],
    view: () => unwatchedView(name, proxy),
    report: () => Promise.resolve({ kind: "unknown-server" }),
    proxy,
    ...api,
  };
}

/** A configuration that stays as it is. */
export function fakeConfiguration(): Reloading {
  const nothing = { hash: "test", applied: [], unchanged: 1, needsRestart: [] };
  const report = { ...nothing, pools: { added: [], removed: [], changed: [] } };
  return {
    status: () => ({
      hash: "test",
      restartHash: "test",
      loadedAt: 1_000,
      files: [],
      needsRestart: [],
      wasTaken: true,
      reloads: { applied: 0, refused: 0 },
    }),
    tryOut: () => report,
    reload: () => Promise.resolve(report),
  };
}

export const DNS_ANSWER: DnsAnswer = {
  question: "_nomad._tcp.headwaiter.internal SRV",
  answer: "10-0-0-1.addr.headwaiter.internal:4647",
  rcode: "NOERROR",
  extended_error: null,
  ttl_s: 0,
};

/** On a free port of 127.0.0.1, without pools; time stands still at the epoch. */
export function httpOptions(options: Partial<HttpOptions> = {}): HttpOptions {
  const logger = new FakeLogger();
  return {
    address: { host: "127.0.0.1", port: 0 },
    logger,
    clock: { now: () => 0, after: () => () => undefined },
    timeline: new Timeline(1_000, logger),
    identity: { version: "1.2.3", instance: "test" },
    configuration: fakeConfiguration(),
    datacenter: () => "dc1",
    pools: new Map(),
    dnsState: () => "serving",
    dns: () => ({ addresses: ["127.0.0.1:8653"], domain: "headwaiter.internal", listener: "batched" }),
    isStopping: () => false,
    dnsAnswer: () => DNS_ANSWER,
    figures: () => ({ fromAt: 0, stepMs: 5_000, dnsQueries: [], pools: new Map() }),
    ...options,
  };
}

/** What a pool's health, rebalances and lists come to in metrics: servers that behave as told, under a fake clock. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Journal } from "../../../src/core/journal.ts";
import type { PoolView } from "../../../src/core/pool-view.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { changeOf } from "../../../src/core/snapshot-feed.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import type { ConsulErrorCode } from "../../../src/net/consul/consul-error.ts";
import { HealthMonitor } from "../../../src/sources/health/health-monitor.ts";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { Metrics } from "../../../src/views/metrics/metrics.ts";
import { CONSUL_RESULTS } from "../../../src/views/metrics/pool-samples.ts";
import { Tally } from "../../../src/views/metrics/tally.ts";
import { CONFIG, fakePorts, settled } from "../../support/fake-ports.ts";
import { FakeServers } from "../../support/fake-servers.ts";
import { fakeConfiguration, unwatchedView } from "../../support/http-fixtures.ts";
import { begin, end } from "../../support/lives.ts";
import { scrapeOf, seen } from "./scrape.ts";

const A = "127.0.0.1:1";
const B = "127.0.0.1:2";
const C = "127.0.0.1:3";

const NUMBERS = {
  versions: { version: "1", node: "24" },
  isReady: true,
  onDemand: { size: 0, results: new Tally() },
  dns: {
    requests: [],
    responses: [],
    events: { stale: 3, dropped: 4 },
    duration: { boundsSeconds: [], buckets: [], sumSeconds: 0 },
  },
  dnsThreadRestarts: 0,
  config: fakeConfiguration().status(),
  stateFile: { writeFailures: 0 },
  eventsDropped: 5,
  eventLoopDelayMaxSeconds: 0,
  process: { residentBytes: 0, cpuSeconds: 0, openFiles: 0, maxOpenFiles: 0, startedAt: 0 },
};

/** A pool `web` with these primaries that is watched, and what is measured of it. */
async function measured(addresses: readonly string[], standby = true) {
  const ports = fakePorts();
  const { clock } = ports;
  const servers = new FakeServers(clock);
  const penalties = new Penalties(clock);
  const journal = new Journal(clock, ports.logger);
  const metrics = new Metrics({
    clock,
    pools: () => [view()],
    numbers: () => NUMBERS,
    snapshotOf: () => proxy.snapshot(),
  });
  journal.subscribe((entry) => {
    metrics.take(entry);
  });
  const observe = metrics.observerOf("web");
  const note = journal.of("web");
  const pinger = new ConnectionPinger(servers, { timeoutMs: 500 });
  const proxy: RpcProxy = new RpcProxy(
    { ...ports, pinger, observe, avoids: (key) => penalties.isAvoided(key) },
    CONFIG,
  );
  proxy.subscribe((next, previous) => {
    const change = changeOf(next, previous);
    note({ kind: "list-changed", ...change });
    if (change.head !== change.previousHead) {
      note({ kind: "head-changed", ...change });
    }
    queueMicrotask(() => {
      metrics.published();
    });
  });
  const view = (): PoolView => unwatchedView("web", proxy);
  for (const address of addresses) {
    await proxy.addPrimaryServer(address);
  }
  const monitor = new HealthMonitor(
    { ...ports, proxy, connector: servers, penalties, note, observe },
    { intervalMs: 500, idleIntervalMs: 5_000, timeoutMs: 500, standby },
  );
  begin(monitor);
  await settled();
  const counted = (pattern: RegExp) => seen(scrapeOf(metrics.text()), pattern);
  return { clock, counted, metrics, monitor, note, observe, proxy, servers };
}

suite("what is counted of a pool", () => {
  test("a head that crashes: a change by its cause, a failure, time down, pings, and how long it took", async () => {
    const { clock, counted, monitor, servers } = await measured([A, B, C]);
    await clock.advance(1_000);
    servers.kill(A);
    await clock.advance(10_000);
    assert.deepEqual(counted(/head_changes_total/), {
      'headwaiter_head_changes_total{pool="web",cause="primary-added"}': 1,
      'headwaiter_head_changes_total{pool="web",cause="server-failed"}': 1,
    });
    assert.deepEqual(counted(/server_failures/), {
      [`headwaiter_server_failures_total{pool="web",server="${A}"}`]: 1,
    });
    const downSeconds =
      counted(/down_seconds/)[`headwaiter_server_down_seconds_total{pool="web",server="${A}"}`];
    assert.ok(downSeconds !== undefined && downSeconds > 9 && downSeconds <= 10, String(downSeconds));
    const pings = counted(/pings_total/);
    assert.ok((pings['headwaiter_pings_total{pool="web",role="head",result="ok"}'] ?? 0) >= 20);
    assert.ok((pings['headwaiter_pings_total{pool="web",role="standby",result="ok"}'] ?? 0) >= 1);
    assert.equal(pings['headwaiter_pings_total{pool="web",role="head",result="refused"}'], 1);
    const failover = counted(/failover_duration_seconds_(count|bucket.*le="0.001")/);
    assert.deepEqual(Object.values(failover), [1, 1]);
    await end(monitor);
  });

  test("a head that hangs: its ping times out; the time until its next head is published is from then on", async () => {
    const { clock, counted, monitor, servers } = await measured([A, B], false);
    await clock.advance(1_000);
    servers.set(A, "hanging");
    await clock.advance(2_000);
    assert.equal(
      counted(/pings_total/)['headwaiter_pings_total{pool="web",role="head",result="timeout"}'],
      1,
    );
    assert.equal(
      counted(/failover_duration_seconds_count/)['headwaiter_failover_duration_seconds_count{pool="web"}'],
      1,
    );
    await end(monitor);
  });

  test("an outage: how many, and for how long, while it lasts and after it; the search's pings are of candidates", async () => {
    const { clock, counted, monitor, servers } = await measured([A, B, C]);
    await clock.advance(1_000);
    for (const key of [A, B, C]) {
      servers.kill(key);
    }
    await clock.advance(10_000);
    const during = counted(/outage/);
    assert.equal(during['headwaiter_outages_total{pool="web"}'], 1);
    const secondsDuring = during['headwaiter_outage_seconds_total{pool="web"}'] ?? 0;
    assert.ok(secondsDuring > 8 && secondsDuring <= 10, String(secondsDuring));
    assert.ok(
      (counted(/candidate/)['headwaiter_pings_total{pool="web",role="candidate",result="refused"}'] ?? 0) > 3,
    );
    servers.set(C, "up");
    await clock.advance(5_000);
    const after = counted(/outage/);
    const seconds = after['headwaiter_outage_seconds_total{pool="web"}'] ?? 0;
    assert.ok(seconds >= secondsDuring && seconds < secondsDuring + 1, `${secondsDuring} ${seconds}`);
    await clock.advance(60_000);
    assert.deepEqual(counted(/outage/), after);
    const downSeconds = counted(/down_seconds/);
    const ofC = downSeconds[`headwaiter_server_down_seconds_total{pool="web",server="${C}"}`] ?? 0;
    assert.ok(ofC > 8 && ofC < 12, String(ofC));
    await end(monitor);
  });

  test("a server that is head again, and answers, is not down any more, whoever noticed that", async () => {
    const { clock, counted, monitor, proxy, servers } = await measured([A, B], false);
    await clock.advance(1_000);
    servers.kill(A);
    await clock.advance(1_000);
    servers.set(A, "up");
    const [, server] = proxy.snapshot().servers;
    assert.equal(server?.key, A);
    proxy.notifyFailedServer(proxy.findServer() ?? assert.fail(), { source: "heartbeat" });
    await clock.advance(1_000);
    assert.equal(proxy.findServer()?.key, A);
    const before = counted(/down_seconds/);
    await clock.advance(30_000);
    assert.deepEqual(counted(/down_seconds/), before);
    assert.deepEqual(counted(/server_failures/), {
      [`headwaiter_server_failures_total{pool="web",server="${A}"}`]: 1,
      [`headwaiter_server_failures_total{pool="web",server="${B}"}`]: 1,
    });
    await end(monitor);
  });

  test("the next server is down until it answers again", async () => {
    const { clock, counted, monitor, servers } = await measured([A, B]);
    await clock.advance(6_000);
    servers.kill(B);
    await clock.advance(20_000);
    servers.set(B, "up");
    await clock.advance(600_000);
    const [seconds = 0] = Object.values(counted(/down_seconds/));
    assert.ok(seconds >= 20 && seconds < 300, String(seconds));
    assert.deepEqual(Object.values(counted(/server_failures/)), [1]);
    await end(monitor);
  });

  test("rebalances: changed, kept, failed; of fewer than two servers none", async () => {
    const { clock, counted, monitor, proxy, servers } = await measured([A]);
    await proxy.rebalanceServers();
    assert.deepEqual(counted(/rebalances_total/), {});
    await end(monitor);
    await proxy.addPrimaryServer(B);
    const results: boolean[] = [];
    for (let turn = 0; turn < 20; turn++) {
      results.push(await proxy.rebalanceServers());
    }
    const changed = results.filter(Boolean).length;
    assert.ok(changed > 0 && changed < 20);
    servers.set(A, "refusing");
    servers.set(B, "refusing");
    await proxy.rebalanceServers();
    await clock.advance(0);
    assert.deepEqual(counted(/rebalances_total/), {
      'headwaiter_rebalances_total{pool="web",result="changed"}': changed,
      'headwaiter_rebalances_total{pool="web",result="kept"}': 20 - changed,
      'headwaiter_rebalances_total{pool="web",result="failed"}': 1,
    });
  });

  test("heartbeats, asked for and pushed", async () => {
    const { counted, monitor, note, observe } = await measured([A]);
    note({ kind: "heartbeat", after: "ok", server: A, servers: 1, leader: A });
    note({ kind: "heartbeat-failed", server: A, reason: "refused", isNews: true });
    observe({ kind: "heartbeat-pushed" });
    assert.deepEqual(counted(/heartbeats_total/), {
      'headwaiter_heartbeats_total{pool="web",result="ok"}': 2,
      'headwaiter_heartbeats_total{pool="web",result="failed"}': 1,
    });
    await end(monitor);
  });

  test("reports of failures by verdict, each 0 from the start", async () => {
    const { metrics, monitor, observe } = await measured([A]);
    const counted = () =>
      Object.fromEntries([...scrapeOf(metrics.text())].filter(([name]) => name.includes("feedback_total")));
    const series = (confirmed: number, limited: number) => ({
      'headwaiter_feedback_total{pool="web",verdict="confirmed"}': confirmed,
      'headwaiter_feedback_total{pool="web",verdict="refuted"}': 0,
      'headwaiter_feedback_total{pool="web",verdict="noted"}': 0,
      'headwaiter_feedback_total{pool="web",verdict="limited"}': limited,
    });
    assert.deepEqual(counted(), series(0, 0));
    observe({ kind: "reported", verdict: "confirmed" });
    observe({ kind: "reported", verdict: "limited" });
    assert.deepEqual(counted(), series(1, 1));
    await end(monitor);
  });

  test("a pool that is gone and comes again begins with 0", async () => {
    const { counted, metrics, monitor } = await measured([A]);
    assert.notDeepEqual(counted(/head_changes_total/), {});
    metrics.keep(new Set(["web"]));
    assert.notDeepEqual(counted(/head_changes_total/), {});
    metrics.keep(new Set());
    assert.deepEqual(counted(/head_changes_total/), {});
    await end(monitor);
  });
});

test("what is counted elsewhere: stale answers apart from other events of DNS, dropped events, the configuration", async () => {
  const { counted, monitor } = await measured([A]);
  assert.deepEqual(counted(/stale_responses|dns_events|events_dropped|config_info/), {
    headwaiter_dns_stale_responses_total: 3,
    'headwaiter_dns_events_total{event="dropped"}': 4,
    headwaiter_events_dropped_total: 5,
    [`headwaiter_config_info{hash="${NUMBERS.config.hash}"}`]: 1,
  });
  await end(monitor);
});

test("each code of an error of Consul's has a series from the start", () => {
  const codes: Readonly<Record<ConsulErrorCode, true>> = {
    address: true,
    unreachable: true,
    reset: true,
    "cut-body": true,
    timeout: true,
    "too-large": true,
    tls: true,
    "tls-file": true,
    "token-file": true,
    "http-3xx": true,
    "http-403": true,
    "http-429": true,
    "http-4xx": true,
    "http-5xx": true,
    "not-json": true,
    schema: true,
    aborted: true,
    unexpected: true,
  };
  assert.deepEqual([...CONSUL_RESULTS], ["ok", "ended-early", ...Object.keys(codes)]);
});

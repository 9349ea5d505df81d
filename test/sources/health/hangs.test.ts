/** A head that hangs is noticed soon; pauses of servers and stalls of this process move nothing. On a fake clock. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import { type HealthConfig, HealthMonitor } from "../../../src/sources/health/health-monitor.ts";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { CONFIG, fakePorts, settled } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";
import { PausingServers } from "../../support/pausing-servers.ts";
import { growTo } from "./health-bench.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;
const DEFAULTS: HealthConfig = { intervalMs: 125, idleIntervalMs: 5_000, timeoutMs: 500, standby: true };
/** The least that a server may be silent, and what the beats of the timer add. */
const SILENCE_MS = 155 + 3;
const FOR_GOOD = 1e9;

async function world(
  servers: readonly string[] = [A, B, C],
  config: Partial<HealthConfig> = {},
  roundTripMs: (address: string) => number = () => 0.5,
) {
  const ports = fakePorts();
  ports.resolver.names.set("pool.example", { addresses: ["127.0.9.1", "127.0.9.2"], ttlSeconds: 60 });
  const pausing = new PausingServers(ports.clock, roundTripMs);
  const penalties = new Penalties(ports.clock);
  const pinger = new ConnectionPinger(pausing, { timeoutMs: 500 });
  const proxy = new RpcProxy({ ...ports, pinger, avoids: (key) => penalties.isAvoided(key) }, CONFIG);
  for (const server of servers) {
    await proxy.addPrimaryServer(server);
  }
  const monitor = new HealthMonitor(
    { ...ports, proxy, connector: pausing, penalties },
    { ...DEFAULTS, ...config },
  );
  begin(monitor);
  const { clock } = ports;
  await clock.advance(1_000);
  return {
    clock,
    pausing,
    proxy,
    monitor,
    ports,
    head: () => proxy.findServer()?.key,
    /** Milliseconds until another server is head. */
    untilMoved: async (from: string | undefined, limitMs = 5_000) => {
      const begunAt = clock.now();
      while (proxy.findServer()?.key === from && clock.now() - begunAt < limitMs) {
        await clock.advance(1);
      }
      return clock.now() - begunAt;
    },
    end: async () => {
      await end(monitor);
      await settled();
      assert.equal(clock.pending, 0);
    },
  };
}

suite("a head that hangs, while the next server answers", () => {
  test("is followed by it after the interval and the least silence, with the evidence as the reason", async () => {
    const on = await world();
    on.pausing.pause(A, FOR_GOOD);
    const tookMs = await on.untilMoved(A);
    assert.ok(tookMs <= 125 + SILENCE_MS, `${tookMs} ms`);
    assert.equal(on.head(), B);
    assert.match(
      on.proxy.snapshot().cause.reason ?? "",
      /^no answer within 15\d ms \(usually 0\.5 ms\), asked twice, while 127\.0\.0\.1:2 answered in 0\.5 ms$/,
    );
    await on.end();
  });

  for (const [nodes, intervalMs] of [
    [3, 125],
    [200, 134],
    [1_500, 1_000],
  ] as const) {
    test(`with ${nodes} nodes on 3 servers within ${intervalMs} ms and the silence, whenever it begins`, async () => {
      for (let offset = 0; offset < intervalMs; offset += intervalMs / 5) {
        const on = await world();
        await growTo(nodes, on.proxy);
        await on.clock.advance(2_000 + offset);
        on.pausing.pause(A, FOR_GOOD);
        const tookMs = await on.untilMoved(A);
        assert.ok(tookMs <= intervalMs + SILENCE_MS, `${tookMs} ms`);
        assert.ok(tookMs >= 155 - 1, `${tookMs} ms`);
        await on.end();
      }
    });
  }

  test("is asked no more than twice for each ping, and the next server once", async () => {
    const on = await world();
    const before = on.pausing.pinged.length;
    on.pausing.pause(A, FOR_GOOD);
    await on.untilMoved(A);
    assert.deepEqual(on.pausing.pinged.slice(before, before + 3), [A, A, B]);
    await on.end();
  });

  test("far away it is waited for longer, as long as its answers say", async () => {
    const on = await world([A, B, C], {}, () => 100);
    await on.clock.advance(2_000);
    on.pausing.pause(A, FOR_GOOD);
    const tookMs = await on.untilMoved(A);
    assert.ok(tookMs >= 200 - 100 && tookMs <= 125 + 100 + 200 + 20, `${tookMs} ms`);
    await on.end();
  });
});

test("a head that sends a large answer meanwhile is alive: it has all of the time limit", async () => {
  const on = await world();
  on.pausing.pause(A, 400);
  for (let passedMs = 0; passedMs < 600; passedMs += 20) {
    on.pausing.send(A, passedMs < 400 ? 1_000 : 0);
    await on.clock.advance(20);
    assert.equal(on.head(), A);
  }
  await on.end();
});

suite("without a second opinion a head that hangs has all of the time limit", () => {
  const rows: readonly (readonly [
    string,
    readonly string[],
    Partial<HealthConfig>,
    (on: PausingServers) => void,
  ])[] = [
    [
      "the next server hangs, too",
      [A, B, C],
      {},
      (on) => {
        on.pause(B, FOR_GOOD);
      },
    ],
    ["no connection to a next server is held", [A, B, C], { standby: false }, () => undefined],
  ];
  for (const [name, servers, config, before] of rows) {
    test(name, async () => {
      const on = await world(servers, config);
      before(on.pausing);
      on.pausing.pause(A, FOR_GOOD);
      const tookMs = await on.untilMoved(A);
      assert.ok(tookMs >= 500 && tookMs <= 125 + 500 + 10, `${tookMs} ms`);
      await on.end();
    });
  }

  test("with one server alone, nothing moves", async () => {
    const on = await world([A]);
    on.pausing.pause(A, 5_000);
    await on.clock.advance(10_000);
    assert.equal(on.head(), A);
    assert.equal(on.monitor.status().phase, "up");
    await on.end();
  });

  test("three of three hang and one comes back: it is head", async () => {
    const on = await world();
    for (const key of [A, B, C]) {
      on.pausing.pause(key, FOR_GOOD);
    }
    await on.clock.advance(5_000);
    on.pausing.pause(C, 0);
    await on.clock.advance(2_000);
    assert.equal(on.head(), C);
    await on.end();
  });
});

suite("a name with several addresses", () => {
  test("an address that hangs is given no more when another one answers, and the name stays head", async () => {
    const on = await world(["pool.example:9", A]);
    on.pausing.pause("127.0.9.1:9", FOR_GOOD);
    await on.clock.advance(125 + SILENCE_MS);
    const silent = on.proxy.findServer()?.silent() ?? [];
    assert.deepEqual(
      silent.map(({ address }) => address),
      ["127.0.9.1"],
    );
    assert.match(
      String(silent.map(({ reason }) => reason)),
      /^no answer within 15\d ms .*while 127\.0\.9\.2 answered in/,
    );
    assert.equal(on.head(), "pool.example:9");
    await on.end();
  });

  test("when all its addresses hang, the next server is asked", async () => {
    const on = await world(["pool.example:9", A]);
    on.pausing.pause("127.0.9.1:9", FOR_GOOD);
    on.pausing.pause("127.0.9.2:9", FOR_GOOD);
    const tookMs = await on.untilMoved("pool.example:9");
    assert.ok(tookMs <= 125 + SILENCE_MS + 20, `${tookMs} ms`);
    assert.match(on.proxy.snapshot().headSince?.cause.reason ?? "", /while 127\.0\.0\.1:1 answered in/);
    await on.end();
  });
});

suite("healthy servers", () => {
  test("all are slow at once, as on an overloaded line, the next server less than the head: nothing moves", async () => {
    let isSlow = false;
    const on = await world([A, B, C], {}, (key) => (!isSlow ? 0.5 : key === A ? 330 : 200));
    isSlow = true;
    await on.clock.advance(700);
    isSlow = false;
    await on.clock.advance(1_000);
    assert.equal(on.head(), A);
    await on.end();
  });

  test("a server that was seen to pause is waited for longer, and as before when that is long ago", async () => {
    const on = await world();
    const silentMs = () =>
      on.monitor.status().servers.find(({ role }) => role === "head")?.patience.silentMs ?? 0;
    assert.equal(silentMs(), 155);
    for (let pause = 0; pause < 5; pause++) {
      on.pausing.pause(A, 150);
      await on.clock.advance(400);
    }
    assert.ok(silentMs() > 200, `${silentMs()} ms`);
    on.pausing.pause(A, 200);
    await on.clock.advance(1_000);
    assert.equal(on.head(), A, "now it may be silent for that long");
    // A large fleet pings seldom.
    await growTo(300_000, on.proxy);
    await on.clock.advance(3_600_000);
    assert.equal(silentMs(), 155);
    await on.end();
  });

  test("pauses of up to 150 ms, stalls of this process and noise in any mixture move nothing; a hang is noticed", async () => {
    const seen = { pauses: 0, stalls: 0, noticed: 0 };
    for (let seed = 0; seed < 50; seed++) {
      const random = seededRandom(seed);
      const on = await world([A, B, C], {}, () => 0.2 + (random() < 0.05 ? random() * 20 : random()));
      const { clock, pausing } = on;
      await growTo([3, 200, 600][seed % 3] ?? 3, on.proxy);
      const [head] = on.proxy.serverRpcAddrs();
      const pausesUntil = new Map<string, number>();
      for (let step = 0; step < 200; step++) {
        await clock.advance(random() * 60);
        const chance = random();
        const server = [A, B, C][Math.floor(random() * 3)] ?? A;
        if (chance < 0.4 && (pausesUntil.get(server) ?? 0) < clock.now()) {
          const ms = 50 + random() * 100;
          pausing.pause(server, ms);
          // It answers what waits before it stands still again.
          pausesUntil.set(server, clock.now() + ms + 25);
          seen.pauses += 1;
        } else if (chance < 0.5) {
          clock.freeze(random() < 0.5 ? random() * 200 : random() * 60_000);
          seen.stalls += 1;
        }
        assert.equal(on.head(), head, `seed ${seed} after ${clock.now()} ms`);
      }
      await clock.advance(300);
      const patient = on.monitor.status().servers.find(({ role }) => role === "head")?.patience.silentMs ?? 0;
      pausing.pause(head ?? "", FOR_GOOD);
      const tookMs = await on.untilMoved(head);
      // 600 nodes on 3 servers: 400 ms between pings.
      assert.ok(
        tookMs <= 400 + patient + SILENCE_MS,
        `seed ${seed}: ${tookMs} ms, ${patient} ms of patience`,
      );
      seen.noticed += 1;
      await on.end();
    }
    assert.ok(seen.pauses > 1_000 && seen.stalls > 300 && seen.noticed === 50, JSON.stringify(seen));
  });
});

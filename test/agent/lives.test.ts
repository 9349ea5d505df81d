/** What lives inside the agent keeps one contract, that of `Runnable`. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ClockWatch } from "../../src/agent/clock-watch.ts";
import { parseRpcAddr } from "../../src/core/rpc-addr.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import type { Runnable } from "../../src/core/running.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { FleetWaits } from "../../src/core/time/fleet-waits.ts";
import type { Connector } from "../../src/net/connection/held-connection.ts";
import { ConsulError } from "../../src/net/consul/consul-error.ts";
import { ConsulWatcher } from "../../src/sources/consul/consul-watcher.ts";
import { DEFAULT_CONSUL_WATCH } from "../../src/sources/consul/watch-config.ts";
import { HealthMonitor } from "../../src/sources/health/health-monitor.ts";
import { Hearsay } from "../../src/sources/health/hearsay.ts";
import { NameWatch } from "../../src/sources/health/name-watch.ts";
import { Penalties } from "../../src/sources/health/penalties.ts";
import { Search } from "../../src/sources/health/search.ts";
import { ServerWatch } from "../../src/sources/health/server-watch.ts";
import { Turns } from "../../src/sources/health/turns.ts";
import { AskedHeartbeats } from "../../src/sources/heartbeat/asked-heartbeats.ts";
import { ContactWatch } from "../../src/sources/heartbeat/contact.ts";
import { PushedHeartbeats } from "../../src/sources/heartbeat/pushed-heartbeats.ts";
import { RegionGate } from "../../src/sources/region/region-gate.ts";
import { StaticServers } from "../../src/sources/static-servers.ts";
import { SelfRegistration } from "../../src/views/self-registration.ts";
import { CONFIG, type FakePorts, fakePorts, settled } from "../support/fake-ports.ts";

const [A, B] = ["127.0.0.1:1", "127.0.0.1:2"] as const;

const NO_DEEDS = { asked: 0, told: 0, penalised: 0 };

/** A list of two servers. Whatever is asked of anybody hangs until it is no longer wanted. */
class World {
  readonly ports: FakePorts = { ...fakePorts(), random: () => 0 };
  readonly penalties = new Penalties(this.ports.clock);
  asked = 0;
  open = 0;
  /** Events of the journal, and news. */
  told = 0;
  readonly tell = () => {
    this.told += 1;
  };
  readonly connector: Connector = { open: (_, { signal }) => this.hang(signal) };
  readonly proxy = new RpcProxy(
    { ...this.ports, resolver: { resolve: (_, signal) => this.hang(signal) } },
    CONFIG,
  );
  readonly waits = new FleetWaits(this.ports.clock, this.proxy);

  static async make(): Promise<World> {
    const world = new World();
    await world.proxy.addPrimaryServer(A);
    await world.proxy.addPrimaryServer(B);
    return world;
  }

  hang(signal: AbortSignal | undefined): Promise<never> {
    this.asked += 1;
    this.open += 1;
    const { promise, reject } = Promise.withResolvers<never>();
    const leave = () => {
      this.open -= 1;
      reject(new ConsulError("aborted", "no longer wanted"));
    };
    if (signal?.aborted === true) {
      leave();
    }
    signal?.addEventListener("abort", leave, { once: true });
    return promise;
  }

  /** What was done so far that somebody else could see. */
  get deeds() {
    const penalised = [A, B].filter((key) => this.penalties.isAvoided(key)).length;
    return { asked: this.asked, told: this.told, penalised };
  }

  get watchOptions() {
    const pace = {
      drawFirst: () => undefined,
      interval: () => 500,
      dialInterval: () => 500,
      drawPause: () => () => 500,
    };
    return {
      ...this.ports,
      connector: this.connector,
      waits: this.waits,
      pace,
      closings: 0,
      timeoutMs: () => 1e9,
      patience: () => ({ lateMs: 5e8, silentMs: 1e9 }),
      report: this.tell,
    };
  }
}

/** What is asked, or waited for with a timer, soon after the beginning; `again`: may have another life. */
interface Row {
  readonly name: string;
  readonly make: (world: World) => Runnable;
  readonly does: "asks" | "waits" | "listens";
  readonly again: boolean;
}

const ROWS: readonly Row[] = [
  {
    name: "the list",
    make: ({ proxy }) => proxy,
    does: "waits",
    again: true,
  },
  {
    name: "configured servers",
    make: ({ ports, proxy, tell }) => new StaticServers(proxy, { ...ports, note: tell }, ["s.example:1"]),
    does: "asks",
    again: true,
  },
  {
    name: "the watch of Consul",
    make: (world) =>
      new ConsulWatcher(
        {
          ...world.ports,
          catalog: {
            instances: ({ signal }) => world.hang(signal),
            datacenters: ({ signal }) => world.hang(signal),
          },
          sink: world.proxy,
          note: world.tell,
        },
        { ...DEFAULT_CONSUL_WATCH, service: "nomad" },
      ),
    does: "asks",
    again: true,
  },
  {
    name: "the watch of Consul, with a search of other datacenters",
    make: (world) =>
      new ConsulWatcher(
        {
          ...world.ports,
          catalog: {
            instances: ({ datacenter, index, signal }) =>
              datacenter === "dc1" && index === 0
                ? Promise.resolve({
                    instances: [],
                    skipped: [],
                    index: 1,
                    filteredByAcl: false,
                    withToken: false,
                  })
                : world.hang(signal),
            datacenters: ({ signal }) => world.hang(signal),
          },
          sink: { setBackupServers: () => Promise.resolve([]) },
          note: () => undefined,
        },
        { ...DEFAULT_CONSUL_WATCH, service: "nomad", datacenters: ["dc1", "dc2"] },
      ),
    does: "asks",
    again: true,
  },
  {
    name: "heartbeats that are asked for",
    make: (world) =>
      new AskedHeartbeats({
        ...world.ports,
        proxy: world.proxy,
        query: (_, signal) => world.hang(signal),
        contactChanged: world.tell,
        note: world.tell,
      }),
    does: "asks",
    again: true,
  },
  {
    name: "heartbeats that are pushed",
    make: ({ ports, proxy, tell }) =>
      new PushedHeartbeats({
        ...ports,
        proxy,
        contactChanged: tell,
        contact: { contact: "held", lostAt: 1_000 },
      }),
    does: "waits",
    again: false,
  },
  {
    name: "the watch of contact",
    make: ({ ports, tell }) => new ContactWatch(ports.clock, tell, { contact: "held", lostAt: 1_000 }),
    does: "waits",
    again: false,
  },
  {
    name: "the region gate",
    make: (world) =>
      new RegionGate(
        { ...world.ports, proxy: world.proxy, query: (_, signal) => world.hang(signal), note: world.tell },
        "global",
      ),
    does: "asks",
    again: true,
  },
  {
    name: "the region gate when all have answered",
    make: ({ ports, proxy, tell }) =>
      new RegionGate(
        { ...ports, proxy, query: () => Promise.resolve({ serves: true, own: undefined }), note: tell },
        "global",
      ),
    does: "waits",
    again: true,
  },
  {
    name: "the health monitor",
    make: (world) =>
      new HealthMonitor(
        {
          ...world.ports,
          proxy: world.proxy,
          penalties: world.penalties,
          connector: world.connector,
          note: world.tell,
        },
        { intervalMs: 500, idleIntervalMs: 5_000, timeoutMs: 500, standby: true },
      ),
    does: "asks",
    again: true,
  },
  {
    name: "hearsay in its place",
    make: ({ penalties, proxy }) => new Hearsay(proxy, penalties),
    does: "listens",
    again: true,
  },
  {
    name: "the watch of a server",
    make: ({ watchOptions }) => new ServerWatch(ServerEndpoint.fromLiteral(A), watchOptions),
    does: "asks",
    again: false,
  },
  {
    name: "the watch of a server before its time",
    make: ({ watchOptions }) => {
      const pace = { ...watchOptions.pace, drawFirst: () => () => 500 };
      return new ServerWatch(ServerEndpoint.fromLiteral(A), { ...watchOptions, pace });
    },
    does: "waits",
    again: false,
  },
  {
    name: "the watch of a name",
    make: ({ watchOptions }) => {
      const endpoint = new ServerEndpoint("s.example:1", parseRpcAddr("s.example:1"), [
        "127.0.0.1",
        "127.0.0.2",
      ]);
      return new NameWatch(endpoint, { ...watchOptions, drawAddressDelay: () => () => 0 });
    },
    does: "asks",
    again: false,
  },
  {
    name: "the search for a head",
    make: (world) =>
      new Search({
        ...world.ports,
        waveMs: 25,
        isPaced: false,
        waits: world.waits,
        drawFirst: () => undefined,
        drawWait: () => () => 500,
        spacingMs: 10,
        keys: [A, B],
        rankOf: () => 0,
        endpointOf: (key) => ServerEndpoint.fromLiteral(key),
        ping: (_, signal) => world.hang(signal),
        onAnswer: world.tell,
        onDown: world.tell,
        onNotAsked: world.tell,
        onConfirmed: world.tell,
      }),
    does: "asks",
    again: false,
  },
  {
    name: "turns",
    make: ({ ports, tell, waits }) => {
      const turns = new Turns({
        ...ports,
        waits,
        drawWait: () => () => 500,
        spacingMs: 10,
        onTurn: tell,
      });
      turns.add({ key: A, triedAt: 0 });
      return turns;
    },
    does: "waits",
    again: false,
  },
  {
    name: "the watch of the clock",
    make: ({ ports, tell }) => new ClockWatch(ports.clock, tell),
    does: "waits",
    again: true,
  },
  {
    name: "the agent's registration in Consul",
    make: (world) => {
      const hang = (_: unknown, { signal }: { readonly signal: AbortSignal }) => world.hang(signal);
      return new SelfRegistration(
        {
          ...world.ports,
          registry: {
            way: (signal) => world.hang(signal),
            registerService: hang,
            deregisterService: () => Promise.resolve(),
            reportCheck: (_id, _report, { signal }) => world.hang(signal),
          },
        },
        {
          hostname: "web1",
          listen: { host: "127.0.0.1", port: 8654 },
          readinessPath: "/v1/agent/ready",
          describe: () => ({ version: "1.2.3", heads: new Map(), waitsFor: undefined }),
        },
      );
    },
    does: "asks",
    again: true,
  },
];

for (const { again, does, make, name } of ROWS) {
  suite(name, () => {
    test("does nothing under an aborted signal", async () => {
      const world = await World.make();
      const thing = make(world);
      await thing.run(AbortSignal.abort());
      await world.ports.clock.advance(120_000);
      await stir(world);
      assert.deepEqual([world.deeds, world.ports.clock.pending], [NO_DEEDS, 0]);
    });

    test("ends in the turn of the abort", async () => {
      const world = await World.make();
      const abort = new AbortController();
      const ended = make(world).run(abort.signal);
      await world.ports.clock.advance(0);
      assert.equal(world.ports.clock.pending + world.open > 0, does !== "listens", "something is under way");
      if (does === "asks") {
        assert.ok(world.open > 0, "a question is open");
      }
      const before = world.deeds;
      abort.abort();
      assert.equal(world.open, 0);
      await stir(world);
      assert.deepEqual(world.deeds, before);
      await ended;
      assert.equal(world.ports.clock.pending, 0);
      await world.ports.clock.advance(120_000);
      assert.deepEqual(world.deeds, before);
    });

    test("is run once by two calls", async () => {
      const [once, twice] = [await World.make(), await World.make()];
      const [one, first, second] = [new AbortController(), new AbortController(), new AbortController()];
      void make(once).run(one.signal);
      const thing = make(twice);
      const ended = thing.run(first.signal);
      const joined = thing.run(second.signal);
      await settled();
      assert.deepEqual([twice.asked, twice.ports.clock.pending], [once.asked, once.ports.clock.pending]);
      first.abort();
      await Promise.all([ended, joined]);
      assert.deepEqual([twice.ports.clock.pending, twice.open], [0, 0]);
      one.abort();
    });

    if (again) {
      test("lives again, also from the turn of the abort on", async () => {
        const world = await World.make();
        const thing = make(world);
        const [first, second] = [new AbortController(), new AbortController()];
        const ended = thing.run(first.signal);
        await settled();
        const before = [world.open, world.ports.clock.pending];
        first.abort();
        const endedAgain = thing.run(second.signal);
        await ended;
        await settled();
        assert.deepEqual([world.open, world.ports.clock.pending], before);
        second.abort();
        await endedAgain;
        assert.deepEqual([world.open, world.ports.clock.pending], [0, 0]);
      });
    }
  });
}

/** The list changes in all ways that parts listen to. */
async function stir({ ports, proxy }: World): Promise<void> {
  await proxy.setBackupServers(["127.0.0.1:3"]);
  for (const key of [A, B]) {
    const server = proxy.snapshot().members.get(key)?.endpoint ?? assert.fail();
    proxy.notifyFailedServer(server, { source: "api", reason: "says the test" });
  }
  await ports.clock.advance(0);
}

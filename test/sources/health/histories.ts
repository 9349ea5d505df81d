/** Random histories of a list of servers, and a monitor that lives through them under a fake clock. */
import fc from "fast-check";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import type { Snapshot } from "../../../src/core/snapshot.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import type { Connector } from "../../../src/net/connection/held-connection.ts";
import { type HealthConfig, HealthMonitor } from "../../../src/sources/health/health-monitor.ts";
import type { HealthStatus } from "../../../src/sources/health/health-status.ts";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { CONFIG, type FakePorts, fakePorts, settled } from "../../support/fake-ports.ts";
import { type Behaviour, FakeServers } from "../../support/fake-servers.ts";
import { begin, end } from "../../support/lives.ts";
import { LOCAL } from "./health-bench.ts";

/** A name with three addresses, each of which is a machine of its own. */
const NAME = "pool.example:9";
const ADDRESSES_OF_NAME = ["127.0.9.1", "127.0.9.2", "127.0.9.3"];
const LITERALS = Array.from({ length: 7 }, (_, i) => `127.0.0.1:${i + 1}`);
const KNOWN = [...LITERALS, NAME];
const MACHINES = [...LITERALS, ...ADDRESSES_OF_NAME.map((address) => `${address}:9`)];

const BEHAVIOURS: readonly Behaviour[] = [
  "up",
  "refusing",
  "hanging",
  "blackholed",
  "closing-at-once",
  "refusing-every-other-time",
  "out-of-local-sockets",
  "closing-after-an-answer",
  "answering-garbage",
  "answering-an-application-error",
  "opening-with-an-application-error",
];

type Happening =
  | { readonly what: "set"; readonly machine: string; readonly behaviour: Behaviour }
  | { readonly what: "kill" | "drop" | "heal"; readonly machine: string }
  | { readonly what: "latency" | "lifetime"; readonly machine: string; readonly ms: number }
  /** The first servers of the list, so many, behave so from now on, and their connections may break. */
  | {
      readonly what: "first-fall";
      readonly count: number;
      readonly behaviour: Behaviour;
      readonly breaks: boolean;
    }
  | { readonly what: "all-heal" }
  | { readonly what: "pass"; readonly ms: number }
  | { readonly what: "add" | "remove" | "report"; readonly server: string }
  | { readonly what: "bar" }
  | { readonly what: "admit" }
  | { readonly what: "backups" | "heartbeat"; readonly servers: readonly string[]; readonly numNodes: number }
  | { readonly what: "rename"; readonly addresses: readonly string[] }
  | { readonly what: "rebalance" }
  | { readonly what: "restart" };

interface History {
  readonly seed: number;
  readonly servers: readonly string[];
  readonly config: HealthConfig;
  readonly happenings: readonly Happening[];
}

const machine = fc.constantFrom(...MACHINES);
const server = fc.constantFrom(...KNOWN);
const some = (of: readonly string[], minLength = 0) =>
  fc.uniqueArray(fc.constantFrom(...of), { minLength, maxLength: of.length });
const is = <What extends string>(what: What) => fc.constant(what);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ what: is("pass"), ms: fc.constantFrom(0, 1, 26, 251, 500, 1_000, 3_000) }),
  },
  { weight: 2, arbitrary: fc.record({ what: is("pass"), ms: fc.constantFrom(12_000, 31_000, 65_000) }) },
  {
    weight: 5,
    arbitrary: fc.record({ what: is("set"), machine, behaviour: fc.constantFrom(...BEHAVIOURS) }),
  },
  { weight: 5, arbitrary: fc.record({ what: is("kill"), machine }) },
  { weight: 2, arbitrary: fc.record({ what: is("drop"), machine }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: is("first-fall"),
      count: fc.constantFrom(1, 1, 1, 2, 2, 3, 5, 8),
      behaviour: fc.constantFrom<Behaviour>("refusing", "refusing", "refusing", ...BEHAVIOURS),
      breaks: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: is("all-heal") }) },
  { weight: 4, arbitrary: fc.record({ what: is("heal"), machine }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: is("latency"), machine, ms: fc.constantFrom(0, 40, 251, 499, 501) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: is("lifetime"), machine, ms: fc.constantFrom(5, 999, 3_000, 1e9) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("add", "remove", "report"), server }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("bar", "admit", "rebalance", "restart") }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constantFrom("backups", "heartbeat"),
      servers: some(KNOWN),
      numNodes: fc.constantFrom(0, 10, 12_800, 100_000, 10_000_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: is("rename"), addresses: some(ADDRESSES_OF_NAME) }) },
);

export const histories: fc.Arbitrary<History> = fc.record({
  seed: fc.nat(),
  servers: some(KNOWN, 2),
  config: fc.record({
    intervalMs: fc.constantFrom(500, 500, 4_000),
    idleIntervalMs: fc.constant(5_000),
    timeoutMs: fc.constant(500),
    standby: fc.constantFrom(true, true, true, false),
  }),
  happenings: fc.array(happening, { minLength: 20, maxLength: 90 }),
});

interface Change extends Pick<Snapshot, "at" | "cause" | "revision"> {
  readonly order: readonly string[];
}

/** Everything that can be seen of a monitor while it lives through a history. */
interface Lived {
  /** After each happening. */
  readonly moments: readonly object[];
  readonly changes: readonly Change[];
  readonly dials: readonly { readonly key: string; readonly at: number }[];
  readonly pinged: readonly string[];
  readonly lines: readonly { readonly level: string; readonly message: string }[];
  readonly lookUps: readonly string[];
  /** When every server had been well for a minute. */
  readonly end: { readonly status: HealthStatus; readonly head: string | undefined };
  /** What is left after the stop. */
  readonly left: { readonly timers: number; readonly connections: readonly string[] };
}

class World {
  readonly ports: FakePorts;
  readonly servers: FakeServers;
  readonly penalties: Penalties;
  readonly proxy: RpcProxy;
  readonly monitor: HealthMonitor;
  readonly changes: Change[] = [];
  #barred: ServerEndpoint | undefined;

  constructor({ config, seed }: Pick<History, "config" | "seed">) {
    const base = fakePorts({ random: seededRandom(seed) });
    base.resolver.names.set("pool.example", { addresses: ADDRESSES_OF_NAME.slice(0, 2), ttlSeconds: 60 });
    this.servers = new FakeServers(base.clock);
    this.penalties = new Penalties(base.clock);
    const { servers } = this;
    const { timeoutMs } = config;
    // The deadline that a connection and its ping share runs on real time: here each has all of it.
    const connector: Connector = {
      async open(endpoint, options) {
        const connection = await servers.open(machineOf(endpoint), { ...options, timeoutMs });
        const ping = connection.ping.bind(connection);
        connection.ping = (call) => ping({ ...call, timeoutMs });
        return connection;
      },
    };
    this.ports = { ...base, pinger: new ConnectionPinger(connector, config) };
    const avoids = (key: string) => this.penalties.isAvoided(key);
    this.proxy = new RpcProxy({ ...this.ports, avoids }, CONFIG);
    this.proxy.subscribe((next) => this.changes.push(changeOf(next)));
    this.monitor = new HealthMonitor(
      { ...this.ports, proxy: this.proxy, connector, penalties: this.penalties },
      config,
    );
  }

  get moment(): object {
    return {
      status: this.monitor.status(),
      connected: this.servers.connected,
      order: this.proxy.serverRpcAddrs(),
      penalties: KNOWN.map((key) => this.penalties.remainingMs(key)),
      pending: this.ports.clock.pending,
    };
  }

  /** Every server is well, the fleet is small, and a minute passes. */
  async comesRight(): Promise<void> {
    for (const machine of MACHINES) {
      this.servers.set(machine, "up");
      this.servers.setLatency(machine, 0);
      this.servers.setLifetime(machine, Number.POSITIVE_INFINITY);
    }
    await this.happens({ what: "heartbeat", servers: KNOWN, numNodes: 10 });
    await this.ports.clock.advance(60_000);
  }

  async happens(happening: Happening): Promise<void> {
    const { ports, proxy, servers } = this;
    switch (happening.what) {
      case "set":
        servers.set(happening.machine, happening.behaviour);
        return;
      case "kill":
        servers.kill(happening.machine);
        return;
      case "first-fall":
        for (const endpoint of proxy.snapshot().servers.slice(0, happening.count)) {
          for (const key of endpoint.addresses.map((address) => machineOf(endpoint.at(address)).key)) {
            servers.set(key, happening.behaviour);
            if (happening.breaks) {
              servers.dropConnections(key);
            }
          }
        }
        return;
      case "all-heal":
        for (const key of MACHINES) {
          servers.set(key, "up");
        }
        return;
      case "drop":
        servers.dropConnections(happening.machine);
        return;
      case "heal":
        servers.set(happening.machine, "up");
        return;
      case "latency":
        servers.setLatency(happening.machine, happening.ms);
        return;
      case "lifetime":
        servers.setLifetime(happening.machine, happening.ms);
        return;
      case "pass":
        await ports.clock.advance(happening.ms);
        return;
      case "add":
        await proxy.addPrimaryServer(happening.server);
        return;
      case "remove":
      case "report": {
        const endpoint = proxy.snapshot().members.get(happening.server)?.endpoint;
        if (endpoint !== undefined) {
          if (happening.what === "remove") {
            proxy.removeServer(endpoint);
          } else {
            proxy.notifyFailedServer(endpoint);
          }
        }
        return;
      }
      case "bar":
        this.#barred = proxy.findServer();
        if (this.#barred !== undefined) {
          proxy.barServer(this.#barred, { source: "region" });
        }
        return;
      case "admit":
        if (this.#barred !== undefined) {
          proxy.admitServer(this.#barred, { source: "region" });
        }
        return;
      case "backups":
        await proxy.setBackupServers(happening.servers);
        return;
      case "heartbeat": {
        const infos = happening.servers.map((rpcAdvertiseAddr) => ({ ...LOCAL, rpcAdvertiseAddr }));
        await proxy.refreshServerLists(infos, happening.numNodes, happening.servers[0] ?? "");
        return;
      }
      case "rename":
        if (happening.addresses.length > 0) {
          ports.resolver.names.set("pool.example", { addresses: happening.addresses, ttlSeconds: 60 });
        }
        for (const endpoint of proxy.snapshot().servers) {
          proxy.refreshAddresses(endpoint);
        }
        return;
      case "rebalance":
        void proxy.rebalanceServers();
        return;
      case "restart":
        await end(this.monitor);
        await settled();
        begin(this.monitor);
    }
  }
}

export async function live(history: History): Promise<Lived> {
  const world = new World(history);
  const { ports, proxy, servers } = world;
  for (const address of history.servers) {
    await proxy.addPrimaryServer(address);
  }
  begin(world.monitor);
  const moments: object[] = [world.moment];
  for (const happening of history.happenings) {
    await world.happens(happening);
    moments.push(world.moment);
  }
  await ports.clock.advance(3_000);
  moments.push(world.moment);
  await world.comesRight();
  const last = { status: world.monitor.status(), head: proxy.findServer()?.key };
  await end(world.monitor);
  // A rebalance under way is not the monitor's to end.
  await ports.clock.advance(20_000);
  return {
    moments,
    changes: world.changes,
    dials: servers.dialled.map((key, i) => ({ key, at: servers.dialledAt[i] ?? 0 })),
    pinged: servers.pinged,
    lines: ports.logger.lines.map(({ fields, ...line }) => ({
      ...line,
      ...fields,
      err: "err" in fields ? String(fields.err) : "",
    })),
    lookUps: ports.resolver.asked,
    end: last,
    left: { timers: ports.clock.pending, connections: servers.connected },
  };
}

/** Each address of a name is a machine of its own. */
function machineOf(endpoint: ServerEndpoint): ServerEndpoint {
  const [address] = endpoint.addresses;
  return endpoint.kind === "name" && address !== undefined
    ? ServerEndpoint.fromLiteral(`${address}:9`)
    : endpoint;
}

function changeOf({ at, cause, order, revision }: Snapshot): Change {
  return { at, cause, order: order.toArray(), revision };
}

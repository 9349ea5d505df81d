import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, before, suite, test } from "node:test";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import { ConsulContainer } from "./support/consul-container.ts";

/** What takes milliseconds on a quiet machine: figures are in docs, this only tells right from wrong on a busy one. */
const NEXT_MS = 5_000;

/** A server that accepts connections, and can be killed: its connections close, new ones are refused. */
class DemoServer implements Disposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<DemoServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new DemoServer(server);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  kill(): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  [Symbol.dispose](): void {
    this.kill();
  }
}

const HEAD = "_web._tcp";
const ALL = "_web._tcp.all";

function configFor(consul: ConsulContainer) {
  return { consul: { address: `http://127.0.0.1:${consul.httpPort}` }, pools: { web: {} } };
}

async function register(consul: ConsulContainer, servers: readonly DemoServer[]): Promise<void> {
  for (const { port } of servers) {
    await consul.http.register({ name: "web", id: `web-${port}`, address: "127.0.0.1", port });
  }
}

/** Waits until the whole list holds these servers and no other, in whatever order. */
function listed(agent: AgentProcess, servers: readonly DemoServer[], withinMs: number): Promise<number> {
  const wanted = servers.map(({ address }) => address).toSorted();
  const same = (seen: readonly string[]) => JSON.stringify(seen.toSorted()) === JSON.stringify(wanted);
  return untilSeen(`the list is ${wanted.join(" ")}`, withinMs, () => agent.srv(ALL), same);
}

suite("from a real Consul to a DNS answer", () => {
  let servers: readonly DemoServer[];

  before(async () => {
    servers = await Promise.all([DemoServer.start(), DemoServer.start(), DemoServer.start()]);
  });
  after(() => {
    for (const server of servers) {
      server.kill();
    }
  });

  test("three registered servers are all in the list, and one of them is the head", async () => {
    await using consul = await ConsulContainer.start();
    await using agent = await AgentProcess.start(configFor(consul));
    await register(consul, servers);
    await listed(agent, servers, 5_000);
    const head = await agent.srv(HEAD);
    assert.equal(head.length, 1);
    assert.deepEqual(head, (await agent.srv(ALL)).slice(0, 1));
    assert.equal(await agent.end("SIGTERM"), 0);
  });

  test("a deregistered server is gone within a second", async () => {
    await using consul = await ConsulContainer.start();
    await using agent = await AgentProcess.start(configFor(consul));
    await register(consul, servers);
    await listed(agent, servers, 5_000);
    const [first, ...others] = servers;
    await consul.http.deregister(`web-${first?.port ?? 0}`);
    await listed(agent, others, NEXT_MS);
  });

  test("answers continue while Consul is dead, and changes flow again when it is back", async () => {
    await using consul = await ConsulContainer.start();
    await using agent = await AgentProcess.start(configFor(consul));
    const [first, second, third] = servers as readonly [DemoServer, DemoServer, DemoServer];
    await register(consul, [first, second]);
    await listed(agent, [first, second], 5_000);
    await consul.kill();
    await untilSeen(
      "Consul's death is noticed",
      5_000,
      () => agent.log.filter(({ msg }) => msg.startsWith("Consul fails")).length,
      (warnings) => warnings === 1,
    );
    await listed(agent, [first, second], 0);
    // A dev agent comes back empty: nothing may leave the list before it is registered again.
    await consul.restart();
    await listed(agent, [first, second], 0);
    await register(consul, [first, second, third]);
    await listed(agent, servers, 5_000);
    await consul.http.deregister(`web-${first.port}`);
    await listed(agent, [second, third], NEXT_MS);
  });

  test("an agent that is started before Consul catches up", async () => {
    await using consul = await ConsulContainer.start();
    await consul.kill();
    await using agent = await AgentProcess.start(configFor(consul));
    assert.deepEqual(await agent.srv(ALL), []);
    await consul.restart();
    await register(consul, servers);
    await listed(agent, servers, 5_000);
  });

  test("when the head is killed, the next answer names another server", async () => {
    await using consul = await ConsulContainer.start();
    await using agent = await AgentProcess.start(configFor(consul));
    using one = await DemoServer.start();
    using other = await DemoServer.start();
    const mortal = [one, other];
    await register(consul, mortal);
    await listed(agent, mortal, 5_000);
    const [head] = await agent.srv(HEAD);
    mortal.find(({ address }) => address === head)?.kill();
    const survivor = mortal.find(({ address }) => address !== head);
    await untilSeen(
      "another server is head",
      NEXT_MS,
      () => agent.srv(HEAD),
      ([now]) => now === survivor?.address,
    );
  });

  test("with consul.register the agent is in Consul with its head, and gone after a clean stop", async () => {
    await using consul = await ConsulContainer.start();
    const config = configFor(consul);
    await using agent = await AgentProcess.start({ ...config, consul: { ...config.consul, register: true } });
    await register(consul, servers.slice(0, 1));
    const entries = async () =>
      (await consul.http.call("GET", "/v1/catalog/service/headwaiter")) as { ServiceMeta: object }[];
    await untilSeen("the agent is in Consul with its head", 10_000, entries, ([entry]) =>
      Object.values(entry?.ServiceMeta ?? {}).includes(servers[0]?.address),
    );
    assert.equal(await agent.end("SIGTERM"), 0);
    assert.deepEqual(await entries(), []);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} ends the agent with 0, with its connections open and Consul waiting`, async () => {
      await using consul = await ConsulContainer.start();
      await using agent = await AgentProcess.start(configFor(consul));
      await register(consul, servers);
      await listed(agent, servers, 5_000);
      assert.equal(await agent.end(signal), 0);
      assert.equal(agent.log.at(-1)?.msg, "stopped");
    });
  }
});

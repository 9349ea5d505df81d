/**
 * The program where few files may be open: clients that hold what they can take nothing from the watching of servers.
 */
import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { RealAgent } from "../support/real-agent.ts";
import { scriptedServer } from "../support/scripted-server.ts";

/** Connections that stay idle, and come again when they are closed. */
function idleClients(t: TestContext, port: number, count: number): { readonly opened: () => number } {
  let opened = 0;
  const clients = new Map<number, Socket>();
  let over = false;
  const open = (which: number) => {
    const socket = connect(port, "127.0.0.1");
    clients.set(which, socket);
    socket.on("connect", () => {
      opened += 1;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      setTimeout(() => {
        if (!over) {
          open(which);
        }
      }, 250);
    });
  };
  for (let which = 0; which < count; which++) {
    open(which);
  }
  t.after(() => {
    over = true;
    for (const socket of clients.values()) {
      socket.destroy();
    }
  });
  return { opened: () => opened };
}

suite("few descriptors", { skip: process.platform !== "linux" }, () => {
  test("64 of them, and more idle clients than that: new ones are answered, and a head that fails is replaced", async (t) => {
    const listening = () => scriptedServer(t, () => undefined);
    const servers = [await listening(), await listening(), await listening()];
    const addresses = servers.map(({ address }) => address);
    const agent = await RealAgent.start(t, {
      shell: 'ulimit -n 64; exec "$@"',
      config: { pools: { web: { servers: addresses, backups: null } } },
    });
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([`127.0.0.1:${agent.ports.dns}`]);
    const head = async () => {
      const [record] = await resolver.resolveSrv("_web._tcp.headwaiter.internal").catch(() => []);
      return record?.port;
    };
    await until(async () => (await head()) !== undefined);
    const crowds = [idleClients(t, agent.ports.http, 100), idleClients(t, agent.ports.dns, 100)];
    await until(() => crowds.every(({ opened }) => opened() >= 200));
    assert.ok(agent.openFiles() <= 64 - 16, `${agent.openFiles()} open files`);
    // A new client too may have to make room, for those that come right after it.
    const isReady = () => fetch(`http://127.0.0.1:${agent.ports.http}/v1/agent/ready`).then(({ ok }) => ok);
    await until(() => isReady().catch(() => false));
    const first = await head();
    await servers.find(({ port }) => port === first)?.stop();
    await until(async () => {
      const next = await head();
      return next !== undefined && next !== first;
    });
    assert.doesNotMatch(agent.stdout + agent.stderr, /EMFILE|no server answers/);
  });

  test("too few for the agent itself: one line, and 1", async (t) => {
    const agent = await RealAgent.spawn(t, { shell: 'ulimit -n 36; exec "$@"' });
    assert.equal((await agent.exit).code, 1);
    assert.match(
      agent.stderr,
      /^headwaiter: open files: the limit of this process is 36 \(ulimit -n\): expected at least \d+ for 1 pool\n$/,
    );
  });
});

/**
 * The machine's clock is set back and forward by an hour while things happen: two agents see them, with and without.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { startServers } from "../scripts/lab/server-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import { a, ScriptedNameserver, zoneScript } from "../test/support/scripted-nameserver.ts";
import { ConsulContainer } from "./support/consul-container.ts";

before(() => {
  execFileSync(fileURLToPath(new URL("../scripts/dns-peers", import.meta.url)), ["clock"], {
    stdio: "inherit",
  });
});

const LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1";

/** The wall clock of one process, which can be set; timers and the monotonic clock go on as they are. */
class WallClock implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "headwaiter-clock-"));
  readonly #file = join(this.#directory, "offset");

  constructor() {
    this.set(0);
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: globSync(LIBRARY)[0] ?? LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Seconds beside the machine's own clock. */
  set(offsetSeconds: number): void {
    writeFileSync(this.#file, `${offsetSeconds < 0 ? "" : "+"}${offsetSeconds}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}

async function listening(port: number, host: string): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined)).listen(port, host);
  await once(server, "listening");
  return server;
}

const CLOCK_WAS_SET = /^the machine's clock was set/;

/** A fifth more, and what one busy core may cost. Failback and reconnects draw up to a second by chance. */
const slowest = (steadyMs: number) => 1.2 * steadyMs + 2_500;
const quickest = (steadyMs: number) => steadyMs / 1.2 - 2_500;

/** Names are asked anew every 5 s, by each agent at its own moments: one may see a change two looks after the other. */
const TWO_LOOKS_MS = 10_000;

test("a clock that is set changes no interval: Consul's changes, a failure, a failback, a penalty, a name", async (t) => {
  await using consul = await ConsulContainer.start();
  await using primary = await startServers(1);
  await using backups = await startServers(2);
  const [first] = primary.servers;
  const [second, third] = backups.servers;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const zone = { "moving.test": [a("moving.test", "127.0.0.2", 5)] };
  const names = await ScriptedNameserver.start(zoneScript(zone));
  t.after(() => names.stop());
  const named = await listening(0, "127.0.0.2");
  const { port: namedPort } = named.address() as AddressInfo;
  const moved = await listening(namedPort, "127.0.0.3");
  t.after(() => {
    named.close();
    moved.close();
  });
  using clock = new WallClock();
  const config = {
    consul: { address: `http://127.0.0.1:${consul.httpPort}` },
    dns: { address: "127.0.0.1:0", nameservers: [names.text] },
    pools: {
      nomad: { servers: [first.address], heartbeat: "none", backups: { service: "backup", tag: null } },
      moving: { servers: [`moving.test:${namedPort}`], backups: null },
    },
  };
  await using steady = await AgentProcess.start(config);
  await using set = await AgentProcess.start(config, [], clock.environment);

  /** What both see, and after how many milliseconds each. */
  const both = async (
    what: string,
    see: (agent: AgentProcess) => Promise<string[]>,
    wanted: string,
    withinMs: number,
    apartMs = 0,
  ) => {
    const [steadyMs, setMs] = await Promise.all(
      [steady, set].map((agent) =>
        untilSeen(
          what,
          withinMs,
          () => see(agent),
          (seen) => seen.includes(wanted),
        ),
      ),
    );
    assert.ok(steadyMs !== undefined && setMs !== undefined);
    assert.ok(
      setMs >= quickest(steadyMs) - apartMs && setMs <= slowest(steadyMs) + apartMs,
      `${what}: ${steadyMs} ms with a steady clock, ${setMs} ms with one that was set`,
    );
  };
  const head = (agent: AgentProcess) => agent.srv("_nomad._tcp");
  const list = (agent: AgentProcess) => agent.srv("_nomad._tcp.all");
  const address = (agent: AgentProcess) => agent.a("moving");
  const register = (port: number) =>
    consul.http.register({ name: "backup", id: `backup-${port}`, address: "127.0.0.1", port });

  await register(second.port);
  await both("the backup is listed", list, second.address, 10_000);
  await both("the name has its address", address, "127.0.0.2", 10_000);

  clock.set(-3_600);
  first.kill();
  await both("the backup is the head", head, second.address, 10_000);
  await register(third.port);
  await both("a change in Consul is seen", list, third.address, 10_000);
  zone["moving.test"] = [a("moving.test", "127.0.0.3", 5)];
  await both("the name has moved", address, "127.0.0.3", 30_000, TWO_LOOKS_MS);
  await first.restart();
  // Two jumps between two looks at the clock would be seen as one.
  await set.untilLogged(CLOCK_WAS_SET, 15_000);
  clock.set(3_600);
  // A primary has to have answered for 30 s, and its penalty is 30 s.
  await both("the primary is the head again", head, first.address, 60_000);
  await consul.http.deregister(`backup-${third.port}`);
  await both("a second change is seen", async (agent) => [String((await list(agent)).length)], "2", 10_000);

  const jumps = set.log.filter(({ msg }) => CLOCK_WAS_SET.test(msg));
  assert.deepEqual(
    jumps.map(({ byMs }) => Math.round(Number(byMs) / 60_000)),
    [-60, 120],
  );
  assert.deepEqual(
    steady.log.filter(({ name }) => name === "agent.clock"),
    [],
  );
});

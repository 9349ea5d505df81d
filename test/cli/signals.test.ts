import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { RealAgent } from "../support/real-agent.ts";
import { registeringConsul } from "./registering-consul.ts";

/** Code that runs in the program before its own, told as Node is told. */
function before(code: string): Record<string, string> {
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  return { NODE_OPTIONS: `--inspect-port=127.0.0.1:0 --import=${url}` };
}

/** The signal that the log names as the reason to stop. */
function endOf(agent: RealAgent): unknown {
  const [line] = saysOf(agent, /^stopping$/) as { readonly signal?: string }[];
  return line?.signal;
}

/** Sends the program a signal as soon as it listens to it. */
function atFirstMoment(signal: NodeJS.Signals): Record<string, string> {
  return before(`
    const look = setInterval(() => {
      if (process.listenerCount("${signal}") > 0) {
        clearInterval(look);
        process.kill(process.pid, "${signal}");
      }
    }, 1);`);
}

function saysOf(agent: RealAgent, message: RegExp) {
  return agent.lines.filter(({ msg }) => message.test(msg));
}

suite("a signal that ends is said by name, and ends the agent in order with 0", () => {
  const ending: NodeJS.Signals[] = [
    ...(["SIGINT", "SIGTERM", "SIGQUIT", "SIGABRT", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU"] as const),
    ...(["SIGIO", "SIGPWR", "SIGSTKFLT"] as const),
  ];
  for (const signal of ending) {
    test(signal, async (t) => {
      const agent = await RealAgent.start(t);
      const { code, signal: killedBy } = await agent.endAfter(signal);
      assert.deepEqual({ code, killedBy }, { code: 0, killedBy: null });
      assert.equal(endOf(agent), signal);
    });
  }

  test("in its first moment", async (t) => {
    const agent = await RealAgent.spawn(t, { environment: atFirstMoment("SIGTERM") });
    assert.deepEqual(await agent.exit, { code: 0, signal: null });
    assert.equal(endOf(agent), "SIGTERM");
    assert.deepEqual(saysOf(agent, /^agent started$/), []);
  });
});

suite("no other signal ends the agent", () => {
  const others = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGXFSZ", "SIGWINCH"] as const;

  test("while it runs", async (t) => {
    const agent = await RealAgent.start(t, { environment: before("") });
    for (const signal of [...others, ...others]) {
      agent.kill(signal);
      await agent.changeHeads(3);
    }
    assert.equal((await agent.endAfter("SIGTERM")).code, 0);
  });

  for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
    test(`${signal} in its first moment`, async (t) => {
      const agent = await RealAgent.start(t, { environment: atFirstMoment(signal) });
      await agent.changeHeads(1);
      assert.equal(agent.stderr, "");
    });
  }

  test("nor turns an end in order into one at once", async (t) => {
    const consul = await registeringConsul(t);
    const agent = await RealAgent.start(t, {
      config: { consul: { address: consul.url, register: true } },
    });
    const asked = once(consul.server, "request");
    agent.kill("SIGTERM");
    await asked;
    for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE"] as const) {
      agent.child.kill(signal);
    }
    assert.deepEqual(await agent.exit, { code: 0, signal: null });
    assert.deepEqual(saysOf(agent, /^reloaded/), []);
  });

  test("USR2 without --dev is said to mean nothing", async (t) => {
    const agent = await RealAgent.start(t);
    agent.kill("SIGUSR2");
    await until(() => saysOf(agent, /^signal ignored: it has a meaning with --dev only$/).length === 1);
  });
});

suite("USR1 opens no debugger", () => {
  test("while the agent runs", async (t) => {
    const agent = await RealAgent.start(t, { environment: before("") });
    agent.kill("SIGUSR1");
    agent.kill("SIGUSR2");
    await until(() => saysOf(agent, /^signal ignored: it has a meaning with --dev only$/).length === 1);
    await agent.changeHeads(1);
    assert.equal(agent.stderr, "");
  });

  test("before the program's first line: it is closed", async (t) => {
    const agent = await RealAgent.start(t, {
      environment: before(`
        import { url } from "node:inspector";
        import { isMainThread } from "node:worker_threads";
        if (isMainThread) {
          process.kill(process.pid, "SIGUSR1");
          while (url() === undefined);
        }`),
    });
    await until(() => saysOf(agent, /^agent started$/).length === 1);
    await agent.changeHeads(1);
    const ports = [...agent.stderr.matchAll(/ws:\/\/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
    assert.ok(ports.length > 0, "it was open");
    assert.deepEqual(
      await Promise.all(ports.map(accepts)),
      ports.map(() => false),
    );
  });
});

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const accepted = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return accepted;
}

suite("HUP reads the configuration again, takes it, and says what it finds", () => {
  const pools = { web: { heartbeat: "push", backups: null } };
  const SAYS = /^reloaded|^the configuration can't be used/;

  async function told(t: TestContext, config: string | object): Promise<object> {
    const agent = await RealAgent.start(t, { config: { log: { level: "info" } } });
    agent.configure(config);
    agent.kill("SIGHUP");
    await until(() => saysOf(agent, SAYS).length === 1);
    await agent.changeHeads(1);
    const [line] = saysOf(agent, SAYS);
    const { changed, level, msg, needsRestart, reason } = line as unknown as Record<string, unknown>;
    const fields = Object.entries({ changed, needsRestart, reason }).filter(
      ([, value]) => value !== undefined,
    );
    return { level, msg, ...Object.fromEntries(fields) };
  }

  test("the same", async (t) => {
    assert.deepEqual(await told(t, { pools, log: { level: "info" } }), {
      level: "info",
      msg: "reloaded: the configuration is valid",
      changed: [],
    });
  });

  test("another one: the keys, not the values", async (t) => {
    const other = {
      pools: { ...pools, db: {}, web: { ...pools.web, health: { interval: "1s" } } },
      consul: { token: "secret" },
      dns: { sockets: 2 },
    };
    assert.deepEqual(await told(t, other), {
      level: "warn",
      msg: "reloaded: the configuration is valid, and part of it waits for a restart",
      changed: ["consul.token", "pools.web.health.interval", "pools.db"],
      needsRestart: ["dns.sockets"],
    });
  });

  for (const [what, text, problem] of [
    ["an unknown key", '{ "nonsense": 1 }', /agent\.json: nonsense: unknown key/],
    ["no YAML", "{", /agent\.json:\d+:\d+: expected YAML or JSON/],
  ] as const) {
    test(`${what}: the mistake`, async (t) => {
      const { level, msg, reason } = (await told(t, text)) as Record<string, string>;
      assert.deepEqual(
        { level, msg },
        { level: "error", msg: "the configuration can't be used: nothing has changed" },
      );
      assert.match(reason ?? "", problem);
    });
  }
});

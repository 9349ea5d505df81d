/** The program, given other settings again and again while it is asked. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MAX_BURST } from "../../scripts/lab/dns-asker.ts";
import { until } from "../../scripts/lab/until.ts";
import { askForHead } from "../support/head-asker.ts";
import { ask } from "../support/http-client.ts";
import { programEnd } from "../support/program-run.ts";
import { RealAgent } from "../support/real-agent.ts";
import { scriptedServer } from "../support/scripted-server.ts";

const RELOADS = 100;
const QUESTIONS_BETWEEN = 50;

interface Config {
  readonly [section: string]: unknown;
}

/** Reads what it is sent: unread, it would keep the server's end of a closed connection open. */
const reads = (server: { resume: () => unknown }) => void server.resume();

/** Each leaves the pool `web` as it is, and changes something else; every fifth can't be used. */
function configOfRound(round: number, kept: Config): object {
  const pools = { web: kept };
  switch (round % 10) {
    case 0:
      return { pools, dns: { ttl: `${(round % 7) + 1}s` } };
    case 1:
      return { pools: { ...pools, [`p${round}`]: { heartbeat: "push", ping: "none", backups: null } } };
    case 2:
      return { pools: { ...pools, db: { servers: [`10.0.0.${round}:1`], ping: "none", backups: null } } };
    case 3:
      return { pools, log: { level: round % 4 === 1 ? "debug" : "warn", format: "text" } };
    case 4:
      return { pools, nonsense: round };
    case 5:
      return { pools, consul: { address: `http://127.0.0.1:${1_000 + round}`, token: `t${round}` } };
    case 6:
      return { pools: { web: { ...kept, health: { interval: `${100 + round}ms` } } } };
    case 7:
      return { pools: { web: { ...kept, rebalance: { min_reuse: `${round + 60}m` } } }, dns: { sockets: 2 } };
    case 8:
      return { pools, dns: { nameservers: [`127.0.0.${round}`], rate_limit: round + 1 } };
    default:
      return { pools: { web: { ...kept, tls: { ca_file: "/nonexistent/ca.pem" } } } };
  }
}

suite("an agent that is reloaded", () => {
  test(`${RELOADS} times under load loses no question and no connection, and grows by nothing`, async (t) => {
    const server = await scriptedServer(t, reads);
    const kept = { servers: [server.address], ping: "tcp", backups: null };
    const agent = await RealAgent.start(t, { config: { pools: { web: kept } } });
    const http = `127.0.0.1:${agent.ports.http}`;
    await until(() => server.sockets.size === 1);
    const address = `127.0.0.1:${agent.ports.dns}`;
    const asker = await askForHead(t, { address, perSecond: 5_000, maxOpen: MAX_BURST }, server.port);
    const statuses: number[] = [];
    const grown: { readonly memoryMiB: number; readonly files: number }[] = [];
    for (let round = 0; round < RELOADS; round++) {
      const before = asker.counts().sent;
      agent.configure(configOfRound(round, kept));
      const { status } = await ask(http, "/v1/agent/reload", { method: "POST" });
      statuses.push(status);
      await until(() => asker.counts().sent >= before + QUESTIONS_BETWEEN);
      if (round % 10 === 9) {
        grown.push({ memoryMiB: agent.memoryMiB(), files: agent.openFiles() });
      }
    }
    await asker.end();
    assert.equal(statuses.filter((status) => status === 422).length, RELOADS / 5);
    assert.equal(statuses.filter((status) => status === 200).length, (RELOADS / 5) * 4);
    assert.equal(server.accepted(), 1);
    const [first, last] = [grown[2] ?? assert.fail(), grown.at(-1) ?? assert.fail()];
    assert.ok(last.files <= first.files + 3, JSON.stringify(grown));
    assert.ok(last.memoryMiB <= first.memoryMiB + 24, JSON.stringify(grown));
    t.diagnostic(`${asker.counts().sent} questions; ${JSON.stringify([first, last])}`);
  });

  test("writes its log as it says from then on", async (t) => {
    const pools = { web: { heartbeat: "push", ping: "none", backups: null } };
    const agent = await RealAgent.start(t, { config: { pools, log: { level: "warn" } } });
    await agent.changeHeads(1);
    assert.equal(agent.stdout, "");
    agent.configure({ pools, log: { level: "debug", format: "text" } });
    agent.kill("SIGHUP");
    await until(() => / \[INFO\] +agent: reloaded: the configuration is valid/.test(agent.stdout));
    await agent.changeHeads(1);
    const before = agent.stdout.length;
    agent.configure({ pools, log: { level: "error" } });
    agent.kill("SIGHUP");
    await until(async () => {
      const { text } = await ask(`127.0.0.1:${agent.ports.http}`, "/v1/events?kind=config-reloaded");
      return (JSON.parse(text) as object[]).length === 2;
    });
    await agent.changeHeads(2);
    assert.equal(agent.stdout.slice(before), "");
  });
});

suite("headwaiter reload", () => {
  const pools = { web: { heartbeat: "push", backups: null } };

  test("says what it came to: 0; 2 when a part waits for a restart; 2 when it can't be used", async (t) => {
    const agent = await RealAgent.start(t);
    const options = { environment: { HEADWAITER_HTTP_ADDR: `127.0.0.1:${agent.ports.http}` } };
    const same = await programEnd(t, ["reload"], options);
    assert.deepEqual(same, { code: 0, stdout: "reloaded: nothing has changed\n", stderr: "" });

    agent.configure({ pools: { ...pools, db: {} }, dns: { ttl: "2s", sockets: 2 } });
    const trial = await programEnd(t, ["reload", "--dry-run"], options);
    const taken = await programEnd(t, ["reload"], options);
    const keys =
      /^ {2}settings: dns\.ttl, pools\.db\n {2}pools added: db\n {2}waits for a restart: dns\.sockets\n$/m;
    assert.match(trial.stdout, keys);
    assert.match(
      trial.stdout,
      /^a reload would change; \d+ keys are as they were; configuration [\da-f]{16}\n/,
    );
    assert.match(taken.stdout, keys);
    assert.match(taken.stdout, /^reloaded; /);
    assert.deepEqual([trial.code, taken.code], [2, 2]);

    agent.configure("pools: [");
    const refused = await programEnd(t, ["reload", "--json"], options);
    const { code, error } = JSON.parse(refused.stdout) as { code: string; error: string };
    assert.deepEqual({ exit: refused.code, code }, { exit: 2, code: "config-invalid" });
    assert.match(error, /agent\.json:1:\d+: expected YAML or JSON/);
    assert.equal(refused.stderr, `headwaiter: ${error}\n`);
  });
});

/** A pool that nobody asks for, of the built program and a real server: pinged seldom, and at once when asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { startServers } from "../scripts/lab/server-process.ts";
import { until } from "../scripts/lab/until.ts";
import { ask } from "../test/support/http-client.ts";

/** After 30 s it is idle; the rest is for a busy machine. */
const IDLE_WITHIN_MS = 60_000;

/** What it takes is half a minute: looking all the time would keep a core busy. */
const LOOK_EVERY_MS = 250;

interface Shown {
  readonly idle: boolean;
  readonly servers: readonly { readonly watch: { readonly last_answer_at: string } | null }[];
}

test("pings wait while nobody asks; the first question brings them back", async () => {
  await using servers = await startServers(1);
  const web = {
    servers: servers.addresses,
    heartbeat: "none",
    ping: "nomad",
    backups: null,
    health: { idle_interval: "10m" },
  };
  await using agent = await AgentProcess.start({ pools: { web } });
  const http = `127.0.0.1:${agent.httpPort}`;
  const shown = async () => (await ask(http, "/v1/pools/web")).json() as Shown;
  const pings = async () => {
    const { text } = await ask(http, "/metrics");
    return Number(/^headwaiter_pings_total\{pool="web",role="head",result="ok"\} (\d+)$/m.exec(text)?.[1]);
  };
  const untilSilent = () =>
    until(
      async () => {
        await sleep(LOOK_EVERY_MS);
        const { idle, servers } = await shown();
        return idle && Date.now() - Date.parse(servers[0]?.watch?.last_answer_at ?? "") > 3_000;
      },
      "an idle pool whose head was not pinged for 3 s",
      IDLE_WITHIN_MS,
    );
  const untilPinged = async (before: number) => {
    await until(async () => (await pings()) > before + 8);
    assert.equal((await shown()).idle, false);
  };

  await untilSilent();
  const before = await pings();
  assert.deepEqual(await agent.srv("_web._tcp"), servers.addresses);
  await untilPinged(before);
});

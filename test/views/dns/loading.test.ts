/** A thread that loads while the rest of the program does, before there is anything to serve. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { startThread } from "../../../src/views/dns/thread-start.ts";
import { threads } from "../../support/disturbances.ts";
import { askUdp } from "./dns-client.ts";
import { pool } from "./pools.ts";
import { serving } from "./serving.ts";
import { query, text } from "./zone-text.ts";

const SRV = query("_nomad._tcp.headwaiter.internal. IN SRV");
const PRESENT = { nomad: pool("live", ["10.0.0.1:4647"]) };

test("it serves, and no other thread is started", async (t) => {
  const seen = threads(t);
  const loading = startThread();
  const { address } = await serving(t, PRESENT, { loading });
  assert.match(text(await askUdp(address, SRV)), /10-0-0-1\.addr/);
  assert.ok(seen.length === 1 && seen[0] === loading);
});

test("one that died before is replaced", async (t) => {
  const loading = startThread();
  await Promise.all([once(loading, "exit"), loading.terminate()]);
  const { address } = await serving(t, PRESENT, { loading });
  assert.match(text(await askUdp(address, SRV)), /10-0-0-1\.addr/);
});

test("it keeps no process", () => {
  const url = new URL("../../../src/views/dns/thread-start.ts", import.meta.url).href;
  const program = `import { startThread } from ${JSON.stringify(url)}; startThread();`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    timeout: 20_000,
  });
  assert.equal(status, 0);
});

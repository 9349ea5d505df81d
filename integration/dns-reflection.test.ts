/** Packets from beyond loopback, in a network of its own where such addresses are this machine's. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

test("ports of services get nothing, strangers no list and no more than their rate; loopback and TCP all", async () => {
  const addresses = ["192.0.2.0/24", "198.51.100.0/24"].map((prefix) => `ip addr add ${prefix} dev lo`);
  const script = [...addresses, 'exec "$@"'].join(" && ");
  const drill = [process.execPath, here("support/reflection-drill.ts")];
  const { stdout } = await run(here("../scripts/own-network"), [
    ...["sh", "-c", `PATH="$PATH:/usr/sbin:/sbin"; ${script}`, "sh", ...drill],
  ]);
  const seen = JSON.parse(stdout) as Record<string, Record<string, number>>;
  assert.deepEqual(seen["answeredPorts"], [53, 40_000]);
  const { whole = 0, truncated = 0, longest = 0 } = seen["flood"] ?? {};
  // The flood takes a moment, in which the network gets some more.
  assert.ok(whole >= 20 && whole < 60, `${whole} whole`);
  assert.ok(Math.abs(truncated - (100 - whole) / 2) <= 1, `${truncated} truncated`);
  assert.ok(longest <= 512, `${longest} bytes`);
  assert.ok((seen["neighbour"]?.["whole"] ?? 10) < 10, "one network");
  assert.deepEqual([seen["loopback"]?.["whole"], seen["loopback"]?.["truncated"]], [100, 0]);
  assert.deepEqual([seen["list"]?.["whole"], seen["list"]?.["truncated"]], [0, 1]);
  assert.equal(seen["listOverTcp"], 11);
  const { fromServicePort, limited = 0, slipped = 0 } = seen["events"] ?? {};
  assert.equal(fromServicePort, 11);
  assert.ok(limited > 0 && Math.abs(limited - slipped) <= 1);
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { ConsulClient } from "../../../src/net/consul/consul-client.ts";
import { ConsulError } from "../../../src/net/consul/consul-error.ts";
import { DEFAULT_CONSUL_WATCH } from "../../../src/sources/consul/watch-config.ts";
import { type Flood, ScriptedFlood } from "../../support/scripted-flood.ts";

const MIB = 1_048_576;
const SPACE = Buffer.alloc(65_536, " ");

async function asked(t: TestContext, flood: Flood) {
  const consul = await ScriptedFlood.start(t, flood);
  await using client = new ConsulClient({ address: consul.address });
  const { signal } = new AbortController();
  const selection = { ...DEFAULT_CONSUL_WATCH, service: "web" };
  const query = { selection, index: 0, waitMs: 1_000, deadlineMs: 60_000, signal };
  const error = await client.instances(query).then(
    () => assert.fail("no error"),
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof ConsulError);
  return { error, sent: consul.sent[0] ?? 0 };
}

suite("a body that is too long", () => {
  test("and has no end is left after 32 MiB", async (t) => {
    const { error, sent } = await asked(t, { piece: SPACE });
    assert.equal(error.code, "too-large");
    assert.equal(error.message, "the answer's body is longer than 32 MiB");
    // What was sent and not read lies in the buffers of two sockets.
    assert.ok(sent > 32 * MIB && sent < 64 * MIB, `${sent / MIB} MiB sent`);
  });

  test("and says so is not begun", async (t) => {
    const { error, sent } = await asked(t, { piece: SPACE, headers: { "content-length": "500000000" } });
    assert.equal(error.code, "too-large");
    assert.ok(sent < 32 * MIB, `${sent / MIB} MiB sent`);
  });

  test("and belongs to a refusal is one like any other", async (t) => {
    const piece = Buffer.from(`No cluster leader${" ".repeat(1_000)}`);
    const { error, sent } = await asked(t, { piece, status: 500, headers: { "content-type": "text/plain" } });
    assert.equal(error.code, "http-5xx");
    assert.match(error.message, /^Consul answers 500: No cluster leader/);
    assert.ok(sent < 32 * MIB, `${sent / MIB} MiB sent`);
  });

  test("headers too", async (t) => {
    const { error } = await asked(t, { piece: SPACE, bytes: 1, headers: { "x-much": "x".repeat(100_000) } });
    assert.equal(error.code, "too-large");
  });
});

/** A process that only starts takes some 90 MiB. */
suite("the memory of a process that asks", () => {
  const instance = JSON.stringify({ Service: { ID: "a", Service: "web", Port: 1 } });
  const floods: [what: string, flood: Flood, times: number, atOnce: number, outcome: string][] = [
    ["for a body without an end, again and again", { piece: SPACE }, 10, 1, "too-large"],
    ["for twenty of them at once", { piece: SPACE }, 2, 20, "too-large"],
    ["for 31 MiB of opening brackets", once(Buffer.alloc(31 * MIB, "[")), 3, 1, "not-json"],
    ["for ten million empty objects", once(listOf("{}")), 3, 1, "schema"],
    ["for far more instances than are read", once(listOf(instance)), 3, 1, "ok"],
  ];
  for (const [what, flood, times, atOnce, outcome] of floods) {
    test(`${what} is bounded`, async (t) => {
      const consul = await ScriptedFlood.start(t, flood);
      const program = join(import.meta.dirname, "hungry-client.ts");
      const args = [program, consul.address, String(times), String(atOnce)];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const { outcomes, peakMib } = JSON.parse(stdout) as { outcomes: string[]; peakMib: number };
      assert.deepEqual(outcomes, [outcome]);
      // Seen: 190 to 350. Parsed as a whole, 31 MiB of brackets alone took 1,700.
      assert.ok(peakMib < 500, `${peakMib} MiB`);
    });
  }
});

function once(piece: Buffer): Flood {
  return { piece, bytes: piece.length };
}

/** 31 MiB of them. */
function listOf(entry: string): Buffer {
  const count = Math.floor((31 * MIB) / (entry.length + 1));
  return Buffer.from(`[${`${entry},`.repeat(count)}${entry}]`);
}

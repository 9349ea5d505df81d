import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { settled } from "../../support/fake-ports.ts";
import { end } from "../../support/lives.ts";
import { bench } from "./health-bench.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

async function reported(made: Awaited<ReturnType<typeof bench>>) {
  const server = made.proxy.findServer();
  assert.ok(server);
  return made.monitor.check(server);
}

suite("a head that a program reports", () => {
  test("stays when it answers over the held and over a new connection; no other connection is left", async () => {
    const made = await bench([A, B, C]);
    const dials = made.servers.dialled.length;
    assert.equal(await reported(made), "up");
    assert.equal(made.head(), A);
    assert.equal(made.servers.dialled.length, dials + 1);
    assert.deepEqual(made.servers.connected, [A, B]);
    await end(made.monitor);
  });

  test("that serves the held connection and refuses new ones is replaced, as found by feedback", async () => {
    const made = await bench([A, B, C]);
    made.servers.set(A, "refusing");
    assert.equal(await reported(made), "down");
    assert.equal(made.head(), B, "before the verdict is there");
    const { cause } = made.proxy.snapshot();
    assert.deepEqual(
      [cause.occurrence, cause.source, cause.server, cause.reason],
      ["server-failed", "feedback", A, "connection refused"],
    );
    assert.equal(made.penalties.of(A).failures, 1);
    await end(made.monitor);
    assert.equal(made.ports.clock.pending, 0);
  });

  test("the held connection of a server that takes no new ones is let go of, so it does not seem up", async () => {
    const made = await bench([A, B]);
    made.servers.set(A, "refusing");
    await reported(made);
    await made.ports.clock.advance(60_000);
    assert.equal(made.head(), B);
    assert.deepEqual(made.servers.connected, [B]);
    assert.equal(made.monitor.status().servers.find(({ key }) => key === A)?.state.phase, "down");
    await end(made.monitor);
  });

  test("that hangs is replaced after one time limit, sooner than the next ping would find", async () => {
    const made = await bench([A, B, C], { intervalMs: 40_000 });
    made.servers.set(A, "hanging");
    const verdict = reported(made);
    await made.ports.clock.advance(500);
    assert.equal(await verdict, "down");
    assert.equal(made.head(), B);
    await end(made.monitor);
  });

  test("is asked once however many report it", async () => {
    const made = await bench([A, B, C]);
    const before = made.servers.pinged.length;
    const verdicts = await Promise.all(Array.from({ length: 1_000 }, () => reported(made)));
    assert.ok(verdicts.every((verdict) => verdict === "up"));
    assert.equal(made.servers.pinged.length - before, 2);
    await end(made.monitor);
  });

  test("is not judged by this machine's own lack of sockets", async () => {
    const made = await bench([A, B, C]);
    made.servers.set(A, "out-of-local-sockets");
    assert.equal(await reported(made), undefined);
    assert.equal(made.head(), A);
    await end(made.monitor);
  });

  test("is not blamed when another one is head by the time it was found down", async () => {
    const made = await bench([A, B, C]);
    made.servers.set(A, "hanging");
    const verdict = reported(made);
    await settled();
    made.proxy.notifyFailedServer(made.proxy.findServer() ?? assert.fail(), { source: "test" });
    await made.ports.clock.advance(500);
    assert.equal(await verdict, "down");
    assert.equal(made.head(), B);
    assert.equal(made.proxy.snapshot().cause.source, "test");
    await end(made.monitor);
  });

  test("has no verdict when the monitor stops meanwhile, and leaves nothing open", async () => {
    const made = await bench([A, B, C]);
    made.servers.set(A, "hanging");
    const verdict = reported(made);
    await settled();
    await end(made.monitor);
    assert.equal(await verdict, undefined);
    assert.equal(made.head(), A);
    assert.deepEqual(made.servers.connected, []);
    assert.equal(made.ports.clock.pending, 0);
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FoundLately } from "../../../src/sources/health/found-lately.ts";
import { FakeClock, settled } from "../../support/fake-ports.ts";
import { bench } from "./health-bench.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

function following() {
  const clock = new FakeClock();
  const findings = new Map<string, number>();
  const found = new FoundLately(clock, () => findings);
  const told: string[] = [];
  found.subscribe(() => told.push([...found.keys()].join(" ")));
  const life = new AbortController();
  const ended = found.run(life.signal);
  const stop = async () => {
    life.abort();
    await ended;
  };
  const find = (key: string) => {
    findings.set(key, clock.now());
    found.look();
  };
  return { clock, findings, find, found, told, stop };
}

suite("servers that were found down lately", () => {
  test("are told at once, and no more when they answer", () => {
    const { find, findings, found, told } = following();
    find(A);
    findings.delete(A);
    found.look();
    assert.deepEqual(told, [A, ""]);
  });

  test("are told once, and are one value, for as long as they are the same", () => {
    const { find, found, told } = following();
    find(A);
    const keys = found.keys();
    find(A);
    assert.deepEqual(told, [A]);
    assert.equal(found.keys(), keys);
  });

  test("count for half a minute since they were last found so", async () => {
    const { clock, find, told } = following();
    find(A);
    await clock.advance(10_000);
    find(B);
    await clock.advance(19_999);
    assert.deepEqual(told, [A, `${A} ${B}`]);
    await clock.advance(1);
    assert.deepEqual(told.slice(2), [B]);
    await clock.advance(10_000);
    assert.deepEqual(told.slice(3), [""]);
    assert.equal(clock.pending, 0);
  });

  test("are told once a second, after a few at once, however many there are, and the last is told, too", async () => {
    const { clock, find, found, told } = following();
    for (let server = 0; server < 1_000; server += 1) {
      find(`10.0.0.1:${server + 1}`);
      await clock.advance(2);
    }
    assert.ok(told.length <= 7, String(told.length));
    await clock.advance(1_000);
    assert.equal(found.keys().size, 1_000);
  });

  test("stopped, it leaves no timer, and tells nothing", async () => {
    const { clock, find, stop, told } = following();
    find(A);
    await stop();
    find(B);
    await clock.advance(60_000);
    assert.deepEqual([told, clock.pending], [[A], 0]);
  });
});

test("a health monitor tells when it finds a server down, and when that one answers again", async () => {
  const changes: string[] = [];
  const { monitor, ports, proxy, servers } = await bench([A, B, C], {}, undefined, () => {
    changes.push("changed");
  });
  assert.deepEqual(changes, []);
  servers.kill(A);
  await settled();
  assert.ok(changes.length > 0);
  assert.deepEqual([...monitor.findings().keys()], [A]);
  assert.equal(proxy.findServer()?.key, B);
  // The next server is watched: down for long, it counts as found down now.
  servers.kill(C);
  await ports.clock.advance(600_000);
  assert.equal(monitor.findings().get(C), ports.clock.now());
  const before = changes.length;
  servers.set(C, "up");
  await ports.clock.advance(600_000);
  assert.ok(changes.length > before);
  assert.ok(!monitor.findings().has(C));
});

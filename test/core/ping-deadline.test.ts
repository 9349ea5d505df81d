import assert from "node:assert/strict";
import { test } from "node:test";
import { withinDeadline } from "../../src/core/ping-deadline.ts";
import { FakeClock } from "../support/fake-ports.ts";

const never = () => new Promise<void>(() => undefined);

test("an answer in time resolves, and leaves no timer", async () => {
  const clock = new FakeClock();
  await withinDeadline(clock, 100, undefined, () => Promise.resolve());
  assert.equal(clock.pending, 0);
});

test("a ping that fails rejects with its own error", async () => {
  const clock = new FakeClock();
  const refused = new Error("connection refused");
  await assert.rejects(
    withinDeadline(clock, 100, undefined, () => Promise.reject(refused)),
    refused,
  );
  await assert.rejects(
    withinDeadline(clock, 100, undefined, () => {
      throw refused;
    }),
    refused,
  );
  assert.equal(clock.pending, 0);
});

test("a ping that never answers ends at the deadline, and is told so", async () => {
  const clock = new FakeClock();
  let told: AbortSignal | undefined;
  const ping = withinDeadline(clock, 100, undefined, (signal) => {
    told = signal;
    return never();
  });
  await Promise.all([assert.rejects(ping, /no answer within 100 ms/), clock.advance(100)]);
  assert.equal(told?.aborted, true);
  assert.equal(clock.pending, 0);
});

test("an abort ends the ping at once with its reason, whatever the ping does", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  let told: AbortSignal | undefined;
  const ping = withinDeadline(clock, 100, stop.signal, (signal) => {
    told = signal;
    return never();
  });
  const reason = new Error("agent stops");
  stop.abort(reason);
  await assert.rejects(ping, reason);
  assert.equal(told?.aborted, true);
  assert.equal(clock.pending, 0);
});

test("an aborted signal sends no ping", async () => {
  const clock = new FakeClock();
  let sent = 0;
  const ping = withinDeadline(clock, 100, AbortSignal.abort(new Error("over")), () => {
    sent++;
    return never();
  });
  await assert.rejects(ping, /over/);
  assert.equal(sent, 0);
  assert.equal(clock.pending, 0);
});

test("the signal keeps no listener after 1,000 pings", async () => {
  const stop = new AbortController();
  let listeners = 0;
  const { signal } = stop;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  for (let ping = 0; ping < 1_000; ping++) {
    await withinDeadline(new FakeClock(), 100, signal, () => Promise.resolve());
  }
  assert.equal(listeners, 0);
});

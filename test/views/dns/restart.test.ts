/** Answering threads that die: what is started again, when, and who answers meanwhile. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import type { Clock, Logger } from "../../../src/core/ports.ts";
import { systemClock } from "../../../src/system-ports.ts";
import type { DnsServer } from "../../../src/views/dns/dns-server.ts";
import type { DnsServerOptions } from "../../../src/views/dns/dns-server-options.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import { occupied, threads } from "../../support/disturbances.ts";
import { askTcp, askUdp, framed } from "./dns-client.ts";
import { pool } from "./pools.ts";
import { serving } from "./serving.ts";
import { query, text } from "./zone-text.ts";

const SRV = query("_nomad._tcp.headwaiter.internal. IN SRV");
const ONE = pool("live", ["10.0.0.1:4647"]);
const TWO = pool("live", ["10.0.0.2:4647"]);

function target(reply: Buffer | undefined): string | undefined {
  return /SRV 0 1 \d+ (\S+)\.addr/.exec(text(reply))?.[1];
}

async function answers({ host, port }: DnsAddress): Promise<readonly (string | undefined)[]> {
  const { replies } = await askTcp({ host, port }, [framed(SRV)]);
  return [target(await askUdp({ host, port }, SRV)), target(replies[0])];
}

interface Staged {
  readonly dns: DnsServer;
  readonly address: DnsAddress;
  readonly threads: ReturnType<typeof threads>;
  readonly log: readonly (readonly [message: string, fields: object])[];
  /** Until then no thread is started again. */
  readonly letRestart: () => void;
}

async function staged(t: TestContext, options: Partial<DnsServerOptions> = {}): Promise<Staged> {
  const seen = threads(t);
  const log: [string, object][] = [];
  const note = (fields: object, message: string): void => {
    log.push([message, fields]);
  };
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const gate = Promise.withResolvers<undefined>();
  const clock: Clock = {
    now: () => systemClock.now(),
    after: (delayMs, callback) => systemClock.after(delayMs, () => void gate.promise.then(callback)),
  };
  const { dns, address } = await serving(t, { nomad: ONE }, { logger, clock, ...options });
  const letRestart = (): void => {
    gate.resolve(undefined);
  };
  // Stopping takes the clock too.
  t.after(letRestart);
  return { dns, address, threads: seen, log, letRestart };
}

describe("an answering thread that dies", () => {
  test("is started again: same ports, UDP and TCP, both families, the answers of now, counters kept, reported", async (t) => {
    const listen = [
      { host: "127.0.0.1", port: 0 },
      { host: "::1", port: 0 },
    ];
    const on = await staged(t, { listen });
    const addresses = on.dns.addresses();
    assert.equal(addresses.length, 2);
    for (const address of addresses) {
      assert.deepEqual(await answers(address), ["10-0-0-1", "10-0-0-1"]);
    }
    const asked = on.dns.counters().duration.count;
    await on.threads[0]?.terminate();
    await until(() => on.dns.state().kind === "restarting");
    on.dns.update(new Map([["nomad", TWO]]));
    on.letRestart();
    await until(() => on.dns.state().kind === "serving");
    assert.deepEqual(on.dns.state(), { kind: "serving", restarts: 1 });
    assert.deepEqual(on.dns.addresses(), addresses);
    for (const address of addresses) {
      assert.deepEqual(await answers(address), ["10-0-0-2", "10-0-0-2"]);
    }
    await until(() => on.dns.counters().duration.count > asked);
    assert.deepEqual(
      on.log.map(([message]) => message),
      ["the answering thread died; starting it again", "the answering thread serves again"],
    );
  });

  test("of an exception says which", async (t) => {
    const on = await staged(t);
    // No server posts such a table: it stands for a defect in the thread.
    on.threads[0]?.postMessage({ kind: "table" });
    await until(() => on.dns.state().kind === "restarting");
    const state = on.dns.state();
    assert.ok(state.kind === "restarting");
    assert.match(state.reason, /undefined/);
    assert.equal(state.serving, 0);
    assert.deepEqual(on.log, [
      ["the answering thread died; starting it again", { reason: state.reason, delayMs: 100 }],
    ]);
    on.letRestart();
    await until(() => on.dns.state().kind === "serving");
    assert.deepEqual(await answers(on.address), ["10-0-0-1", "10-0-0-1"]);
  });

  test("leaves all queries to the other of two", async (t) => {
    const on = await staged(t, { sockets: 2 });
    await on.threads[1]?.terminate();
    await until(() => on.dns.state().kind === "restarting");
    const state = on.dns.state();
    assert.ok(state.kind === "restarting" && state.serving === 1 && state.restarts === 0);
    // Each comes from a port of its own: with two sockets about half of them would go to the dead one.
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(target(await askUdp(on.address, SRV)), "10-0-0-1");
    }
    on.letRestart();
    await until(() => on.dns.state().kind === "serving");
    assert.deepEqual(on.dns.state(), { kind: "serving", restarts: 1 });
  });

  test("and can't come back keeps trying, and stops when told to", async (t) => {
    const on = await staged(t);
    await on.threads[0]?.terminate();
    await occupied(t, "udp", on.address.port);
    on.letRestart();
    await until(() => on.threads.length > 2);
    const state = on.dns.state();
    assert.ok(state.kind === "restarting" || state.kind === "starting", state.kind);
    await on.dns.stop();
    assert.deepEqual(on.dns.state(), { kind: "stopped" });
    await until(() => on.threads.every(({ threadId }) => threadId === -1));
  });
});

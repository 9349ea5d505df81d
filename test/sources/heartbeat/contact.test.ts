import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { type Contact, ContactWatch } from "../../../src/sources/heartbeat/contact.ts";
import { PushedHeartbeats } from "../../../src/sources/heartbeat/pushed-heartbeats.ts";
import { CONFIG, FakeClock, fakePorts } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";

function bench() {
  const clock = new FakeClock();
  const contacts: Contact[] = [];
  return { clock, contacts, contact: new ContactWatch(clock, (state) => contacts.push(state)) };
}

test("without a period the first heartbeat may take any time, the next one three periods", async () => {
  const { clock, contacts, contact } = bench();
  begin(contact);
  await clock.advance(3_600_000);
  contact.heard(10_000, true);
  await clock.advance(29_999);
  assert.deepEqual(contacts, []);
  await clock.advance(1);
  assert.deepEqual(contacts, ["orphaned"]);
});

test("what another watch knew counts until the first heartbeat; after a stop nothing of it is left", async () => {
  const { clock, contacts } = bench();
  const changed = (state: Contact) => contacts.push(state);
  const contact = new ContactWatch(clock, changed, { contact: "held", lostAt: 20_000 });
  begin(contact);
  assert.equal(contact.lostAt, 20_000);
  await end(contact);
  assert.equal(clock.pending, 0);
  begin(contact);
  await clock.advance(3_600_000);
  assert.deepEqual([contact.lostAt, contacts], [undefined, []]);
  const orphaned = new ContactWatch(clock, changed, { contact: "orphaned" });
  begin(orphaned);
  orphaned.heard(10_000, true);
  assert.deepEqual(contacts, ["held"]);
  await end(orphaned);
});

test("after stop a heartbeat changes nothing and arms no timer, until the next start", async () => {
  const { clock, contacts, contact } = bench();
  begin(contact, (signal) => contact.run(signal, 10_000));
  await end(contact);
  contact.heard(10_000, false);
  assert.equal(clock.pending, 0);
  assert.deepEqual(contacts, []);
  begin(contact);
  contact.heard(10_000, false);
  assert.deepEqual(contacts, ["orphaned"]);
  assert.equal(clock.pending, 1);
  await end(contact);
});

test("a pushed heartbeat whose names resolve after the stop leaves no timer", async () => {
  const ports = fakePorts();
  const resolved = Promise.withResolvers<{ addresses: string[]; ttlSeconds: number }>();
  const proxy = new RpcProxy({ ...ports, resolver: { resolve: () => resolved.promise } }, CONFIG);
  const pushed = new PushedHeartbeats({ ...ports, proxy, contactChanged: () => undefined });
  begin(pushed);
  const taken = pushed.take({
    servers: [
      { rpcAdvertiseAddr: "one.example:1", rpcMajorVersion: 1, rpcMinorVersion: 0, datacenter: "dc1" },
    ],
    numNodes: undefined,
    leaderRpcAddr: "",
    ttlMs: 10_000,
  });
  await end(pushed);
  resolved.resolve({ addresses: ["127.0.0.1"], ttlSeconds: 60 });
  await taken;
  assert.equal(ports.clock.pending, 0);
  assert.deepEqual(proxy.snapshot().cause, { occurrence: "heartbeat-received", source: "push" });
});

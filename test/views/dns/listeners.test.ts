/** The sockets by themselves: errors they report, and packets that can't be answered. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server } from "node:net";
import { describe, test } from "node:test";
import { Counters, type DnsEvent } from "../../../src/views/dns/counters.ts";
import { TcpListener } from "../../../src/views/dns/thread/tcp-listener.ts";
import { askUdp } from "./dns-client.ts";
import { pool } from "./pools.ts";
import { respondingFor } from "./responding.ts";
import { serving } from "./serving.ts";
import { LISTENERS, listening } from "./udp-listeners.ts";
import { query, text } from "./zone-text.ts";

const QUERY = query("_nomad._tcp.headwaiter.internal. IN SRV");

function events(counters: Counters): Partial<Record<DnsEvent, number>> {
  const counted = Object.entries(Counters.sum([counters]).events).filter(([, count]) => count > 0);
  return Object.fromEntries(counted);
}

describe("listening sockets", () => {
  test("a connection that can't be accepted is the socket's error, not a defect of ours", async (t) => {
    const servers: Server[] = [];
    const note = (message: unknown): void => {
      servers.push((message as { server: Server }).server);
    };
    subscribe("tracing:net.server.listen:asyncStart", note);
    t.after(() => unsubscribe("tracing:net.server.listen:asyncStart", note));
    const { responder, waitingRoom, counters } = respondingFor({});
    const listener = new TcpListener(responder, waitingRoom, counters);
    t.after(() => {
      listener.close();
    });
    await listener.listen(0, "127.0.0.1");
    assert.equal(servers.length, 1);
    servers[0]?.emit("error", new Error("accept ENFILE"));
    assert.deepEqual(events(counters), { socketErrors: 1 });
  });

  test("a service that would answer gets nothing, whatever it sends; who asks from another port does", async (t) => {
    const { dns, address } = await serving(t, { nomad: pool("live", ["10.0.0.1:4647"]) });
    const memcached = createSocket("udp4");
    t.after(() => memcached.close());
    await new Promise<void>((resolve) => memcached.bind(11_211, "127.77.0.1", resolve));
    const received: Buffer[] = [];
    memcached.on("message", (message) => received.push(message));
    const unreadable = Buffer.from("0000000000010000", "hex");
    for (const message of [QUERY, unreadable, query("headwaiter.internal. IN SOA +opcode=5")]) {
      memcached.send(message, address.port, address.host);
    }
    assert.match(text(await askUdp(address, QUERY)), /^;; NOERROR/);
    const { dropped, fromServicePort } = dns.counters().events;
    assert.deepEqual([dropped, fromServicePort, received.length], [3, 3, 0]);
  });
});

for (const kind of LISTENERS) {
  describe(`a UDP socket, listener ${kind}`, () => {
    test("that reports an error goes on, and the error is counted as the socket's", async (t) => {
      const responding = respondingFor({ nomad: pool("live", ["10.0.0.1:4647"]) });
      const { counters } = responding;
      const { address, listener } = await listening(t, kind, responding);
      listener.emit("error", new Error("recvmsg ENOMEM"));
      assert.deepEqual(events(counters), { socketErrors: 1 });
      assert.match(text(await askUdp(address, QUERY)), /^;; NOERROR/);
    });

    test("a packet from port 0 is dropped: nothing can be sent there", async (t) => {
      const responding = respondingFor({ nomad: pool("live", ["10.0.0.1:4647"]) });
      const { counters } = responding;
      const { listener } = await listening(t, kind, responding);
      const client = { address: "127.0.0.1", family: "IPv4", port: 0, size: QUERY.length } as const;
      listener.handle(QUERY, client);
      assert.deepEqual(events(counters), { dropped: 1, fromServicePort: 1 });
      assert.equal(Counters.sum([counters]).duration.count, 0);
      listener.handle(QUERY, { ...client, port: 40_000 });
      assert.equal(Counters.sum([counters]).duration.count, 1);
    });
  });
}

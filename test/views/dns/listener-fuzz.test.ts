/** Any bytes, many at once, over a socket: each listener gives the replies of the responder, and no others. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Counters } from "../../../src/views/dns/counters.ts";
import { packetFuzzer } from "./packet-fuzzer.ts";
import { manyServers, pool } from "./pools.ts";
import { replyOf, respondingFor } from "./responding.ts";
import { LISTENERS, listening } from "./udp-listeners.ts";

const SEED = 20_261_126;
const BURSTS = 50;
/** Fits in a socket's buffer. */
const BURST = 80;
const POOLS = { nomad: pool("stale", manyServers(40)), cold: pool("empty", []) };

for (const listener of LISTENERS) {
  describe(`any bytes over a socket, listener ${listener}`, () => {
    test(`${BURSTS * BURST} messages (seed ${SEED})`, async (t) => {
      const { responder } = respondingFor(POOLS);
      const responding = respondingFor(POOLS);
      const { address } = await listening(t, listener, responding);
      const client = createSocket({ type: "udp4", recvBufferSize: 1_000_000 });
      t.after(() => client.close());
      client.connect(address.port, address.host);
      await once(client, "connect");
      const replies = new Map<number, Buffer>();
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      const next = packetFuzzer(SEED);
      let expected = new Map<number, Buffer>();
      let sent = 0;
      const sendBurst = (): void => {
        replies.clear();
        expected = new Map();
        for (let id = 0; id < BURST; id++) {
          const message = numbered(next(), id);
          const reply = replyOf(responder, message, "udp");
          if (reply !== undefined) {
            expected.set(id, reply);
          }
          client.send(message);
        }
        sent += BURST;
      };
      client.on("message", (reply) => {
        const id = reply.readUInt16BE(0);
        if (replies.has(id)) {
          reject(new Error(`two replies to message ${id}`));
        }
        replies.set(id, reply);
        if (replies.size < expected.size) {
          return;
        }
        try {
          assert.deepEqual(new Map([...replies].toSorted()), new Map([...expected].toSorted()));
        } catch (error) {
          reject(error);
          return;
        }
        if (sent < BURSTS * BURST) {
          sendBurst();
        } else {
          resolve(undefined);
        }
      });
      sendBurst();
      await promise;
      const { failures, socketErrors } = Counters.sum([responding.counters]).events;
      assert.deepEqual([failures, socketErrors], [0, 0]);
    });
  });
}

/** With its place in the burst as its ID, where it is long enough to have one. */
function numbered(message: Buffer, id: number): Buffer {
  if (message.length >= 2) {
    message.writeUInt16BE(id);
  }
  return message;
}

/** Any bytes: no exception, and every answer is a well-formed message within its limit. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "dns-packet";
import { packetFuzzer } from "./packet-fuzzer.ts";
import { manyServers, pool } from "./pools.ts";
import { replyOf, respondingFor } from "./responding.ts";

const MESSAGES = 150_000;
const SEED = 20_261_122;

describe("any bytes", () => {
  test(`${MESSAGES} mutated and generated messages (seed ${SEED})`, () => {
    const { responder } = respondingFor({
      nomad: pool("stale", manyServers(40)),
      cold: pool("empty", []),
    });
    const next = packetFuzzer(SEED);
    const rcodes = new Map<number, number>();
    for (let i = 0; i < MESSAGES; i++) {
      const message = next();
      const before = Buffer.from(message);
      const reply = replyOf(responder, message, "udp");
      assert.ok(message.equals(before));
      if (reply === undefined) {
        assert.ok(message.length < 12 || ((message[2] ?? 0) & 0x80) !== 0);
        continue;
      }
      const code = (reply[3] ?? 0) & 0x0f;
      rcodes.set(code, (rcodes.get(code) ?? 0) + 1);
      assert.ok(reply.length <= 1232 && reply.readUInt16BE(0) === message.readUInt16BE(0));
      assert.equal((reply[2] ?? 0) & 0x80, 0x80);
      // One in eight is decoded in full: that costs more than all the rest.
      if (i % 8 === 0) {
        decode(reply);
      }
    }
    assert.deepEqual(
      [...rcodes.keys()].sort(),
      [0, 1, 2, 3, 4, 5].filter((code) => rcodes.has(code)),
    );
    assert.ok((rcodes.get(0) ?? 0) > 1000 && (rcodes.get(1) ?? 0) > 1000 && (rcodes.get(5) ?? 0) > 1000);
  });
});

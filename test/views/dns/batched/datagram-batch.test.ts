/** What is sent of a batch when the kernel takes only a part of it. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, test } from "node:test";
import { boundSocket } from "../../../../src/views/dns/thread/batched/bound-socket.ts";
import { DatagramBatch } from "../../../../src/views/dns/thread/batched/datagram-batch.ts";
import { loadSystemCalls, type SystemCalls } from "../../../../src/views/dns/thread/batched/system-calls.ts";
import { hasCalls } from "../udp-listeners.ts";

const HEADER_LENGTH = 64;

/** Fills a batch with so many replies and sends it; each call is answered by the next outcome, and noted. */
function callsFor(
  replies: number,
  outcomes: readonly number[],
): readonly (readonly [skipped: number, count: number])[] {
  const calls: [number, number][] = [];
  let start = -1;
  const sendmmsg = (_fd: number, headers: number, count: number): number => {
    start = start === -1 ? headers : start;
    calls.push([(headers - start) / HEADER_LENGTH, count]);
    return outcomes[calls.length - 1] ?? count;
  };
  let memory = 0;
  const addressOf = (bytes: Uint8Array): number => (memory += bytes.length + 4096);
  const batch = new DatagramBatch({ sendmmsg, addressOf } as unknown as SystemCalls, 8);
  for (let slot = 0; slot < replies; slot++) {
    batch.reply(slot, 12);
  }
  batch.send(3);
  batch.send(3);
  return calls;
}

describe("a batch", () => {
  const rows: readonly (readonly [
    about: string,
    outcomes: readonly number[],
    calls: readonly (readonly number[])[],
  ])[] = [
    ["is sent with one call, once", [], [[0, 8]]],
    [
      "of which a part was sent: the rest follows",
      [3],
      [
        [0, 8],
        [3, 5],
      ],
    ],
    [
      "whose first is refused: the others are sent",
      [-1],
      [
        [0, 8],
        [1, 7],
      ],
    ],
    [
      "with one in the middle that is refused",
      [3, -1],
      [
        [0, 8],
        [3, 5],
        [4, 4],
      ],
    ],
    [
      "none of which can be sent is given up in so many calls",
      Array.from({ length: 8 }, () => -1),
      Array.from({ length: 8 }, (_, i) => [i, 8 - i]),
    ],
  ];
  for (const [about, outcomes, calls] of rows) {
    test(about, () => {
      assert.deepEqual(callsFor(8, outcomes), calls);
    });
  }

  test("of no replies is no call", () => {
    assert.deepEqual(callsFor(0, []), []);
  });

  test("an address that can't be sent to costs the others nothing, and nothing waits", {
    skip: !hasCalls(),
  }, async (t) => {
    const calls = loadSystemCalls();
    const fd = boundSocket(calls, "127.0.0.1", 0, false);
    t.after(() => calls.close(fd));
    const client = createSocket("udp4");
    t.after(() => client.close());
    client.bind(0, "127.0.0.1");
    await once(client, "listening");
    const received: string[] = [];
    client.on("message", (message) => received.push(message.toString()));
    const batch = new DatagramBatch(calls, 4);
    assert.equal(batch.receive(fd, 0), 0);
    for (const [slot, text] of ["one", "lost", "lost, too", "last"].entries()) {
      // Nothing can be sent to port 0.
      batch.slot(slot).source.set("127.0.0.1", text.startsWith("lost") ? 0 : client.address().port, () => 0);
      batch.place.write(text);
      batch.reply(slot, text.length);
    }
    batch.send(fd);
    while (received.length < 2) {
      await once(client, "message");
    }
    assert.deepEqual(received, ["one", "last"]);
  });
});

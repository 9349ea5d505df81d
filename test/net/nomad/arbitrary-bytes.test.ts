import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { encodeRaw } from "../../../src/dev/raw-encoder.ts";
import { ConnectionError } from "../../../src/net/connection/connection-error.ts";
import { MessageReader } from "../../../src/net/nomad/message-reader.ts";
import { NomadClient } from "../../../src/net/nomad/nomad-client.ts";
import { FramingError, ValueScanner } from "../../../src/net/nomad/value-scanner.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { IN_TIME } from "../connection/expectations.ts";
import { RECORDED } from "./recorded-exchanges.ts";

/** Runs with a new seed each time and prints it; `HEADWAITER_TEST_SEED` repeats one. */
function seeded(t: TestContext, numRuns: number): fc.Parameters<unknown> {
  const seed = Number(process.env["HEADWAITER_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}`);
  return { seed, numRuns };
}

const MOST_KEPT = 1024;

/** Reads the pieces and returns how it ended; anything but a FramingError is thrown. */
function read(pieces: readonly Uint8Array[]): { headers: number; failed: boolean } {
  let headers = 0;
  const reader = new MessageReader({
    header: () => {
      headers += 1;
      return { keepBytes: MOST_KEPT, limitBytes: 64 * 1024 };
    },
    body: (bytes) => {
      assert.ok(bytes.length <= MOST_KEPT);
    },
  });
  try {
    for (const piece of pieces) {
      reader.push(piece);
    }
    return { headers, failed: false };
  } catch (error) {
    assert.ok(error instanceof FramingError, String(error));
    return { headers, failed: true };
  }
}

/** A recorded answer with some bytes changed, cut out or repeated. */
const damagedAnswer = fc
  .tuple(
    fc.constantFrom(...RECORDED.map(({ received }) => received).filter((bytes) => bytes.length > 0)),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    fc.nat(),
    fc.nat(),
  )
  .map(([bytes, changes, from, to]) => {
    const damaged = Buffer.from(bytes);
    for (const [at, value] of changes) {
      damaged[at % damaged.length] = value;
    }
    const [start, end] = [from % damaged.length, to % damaged.length];
    return start % 2 === 0 ? damaged : Buffer.concat([damaged.subarray(0, start), damaged.subarray(end)]);
  });

const anyBytes = fc.oneof(
  damagedAnswer,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

/** The same bytes in pieces of the given lengths, over and over. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}
const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

test("a reader of any bytes, cut anywhere, ends as one that gets them whole", (t) => {
  fc.assert(
    fc.property(anyBytes, lengths, (bytes, pieces) => {
      assert.deepEqual(read(cut(bytes, pieces)), read([bytes]));
    }),
    seeded(t, 2000),
  );
});

test("the scanner finds the end of every value that an encoder writes, and refuses it one byte above the limit", (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.uint8Array(), (json, more) => {
      const value = [json, new Date(0), more, 1.5, -40_000, 2 ** 40];
      const bytes = encode(value);
      const followed = Buffer.concat([bytes, more]);
      assert.equal(new ValueScanner(bytes.length).scan(followed, 0), bytes.length);
      assert.throws(() => new ValueScanner(bytes.length - 1).scan(followed, 0), FramingError);
    }),
    seeded(t, 500),
  );
});

for (const size of [15, 16, 70_000]) {
  test(`the scanner finds the end of a map and an array of ${size}, and of a text and bytes as long`, () => {
    const entries = Array.from({ length: size }, (_, index) => [`key ${index}`, index] as const);
    for (const value of [Object.fromEntries(entries), entries, "x".repeat(size), new Uint8Array(size)]) {
      const bytes = encode(value);
      const followed = Buffer.concat([bytes, Buffer.of(0, 0, 0)]);
      assert.equal(new ValueScanner(bytes.length).scan(followed, 0), bytes.length);
    }
  });
}

test("whatever a server answers, each call settles: with a value or a ConnectionError", async (t) => {
  let answer: Buffer[] = [];
  const server = await scriptedServer(t, (socket) => {
    let received = 0;
    socket.on("data", (chunk) => {
      received += chunk.length;
      // The request has begun; what it asks does not matter.
      if (received > 1) {
        for (const piece of answer) {
          socket.write(piece);
        }
        socket.end();
      }
    });
  });
  await fc.assert(
    fc.asyncProperty(anyBytes, lengths, async (bytes, pieces) => {
      answer = cut(bytes, pieces);
      const client = new NomadClient(server.endpoint, { region: "global" });
      const calls = [
        client.ping(IN_TIME),
        client.leader(IN_TIME),
        client.peers(IN_TIME),
        client.members(IN_TIME),
      ];
      for (const outcome of await Promise.allSettled([...calls, client.nodeCount(IN_TIME)])) {
        if (outcome.status === "rejected") {
          assert.ok(outcome.reason instanceof ConnectionError, String(outcome.reason));
          assert.notEqual(outcome.reason.kind, "timeout", "settles before its timeout");
        }
      }
      client.close();
    }),
    seeded(t, 300),
  );
});

test("an answer of the wrong shape fails its call as unexpected-answer, or is one; never anything else", async (t) => {
  let body: unknown;
  const server = await scriptedServer(t, (socket) => {
    socket.on("data", (chunk) => {
      const method = /(Status\.\w+|Node\.List)/.exec(chunk.toString("latin1"))?.[1];
      if (method !== undefined) {
        socket.write(encodeRaw({ Error: "", Seq: 1, ServiceMethod: method }));
        socket.write(encode(body));
      }
    });
  });
  const fields = fc.record(
    { Members: fc.jsonValue(), Nodes: fc.jsonValue(), ServerName: fc.string(), ServerRegion: fc.jsonValue() },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(fields, fc.jsonValue()), async (value) => {
      body = value;
      for (const ask of [
        (client: NomadClient) => client.leader(IN_TIME),
        (client: NomadClient) => client.peers(IN_TIME),
        (client: NomadClient) => client.members(IN_TIME),
        (client: NomadClient) => client.nodeCount(IN_TIME),
      ]) {
        const client = new NomadClient(server.endpoint, { region: "global" });
        const failure = await ask(client).then(
          () => undefined,
          (error: unknown) => error,
        );
        client.close();
        if (failure !== undefined) {
          assert.ok(failure instanceof ConnectionError);
          assert.equal(failure.code, "unexpected-answer", failure.message);
        }
      }
    }),
    seeded(t, 100),
  );
});

test("an answer of 200,000 nodes is counted without being held", () => {
  const node = encodeRaw({ ID: "11111111-2222-3333-4444-555555555555", Name: "node", Status: "ready" });
  const nodes = Buffer.concat(Array.from({ length: 1000 }, () => node));
  const head = Buffer.from("81a54e6f646573dd00030d40", "hex"); // {"Nodes": array of 200,000}
  let held = -1;
  const reader = new MessageReader({
    header: () => ({ keepBytes: 4096, limitBytes: 512 * 1024 * 1024 }),
    body: (bytes) => {
      held = bytes.length;
    },
  });
  const before = heldBytes();
  reader.push(Buffer.concat([encodeRaw({}), head]));
  for (let thousand = 0; thousand < 200; thousand += 1) {
    assert.equal(held, -1);
    if (thousand % 50 === 0) {
      assert.ok(
        heldBytes() - before < 1024 * 1024,
        `${heldBytes() - before} bytes after ${thousand},000 nodes`,
      );
    }
    reader.push(nodes);
  }
  assert.equal(held, 4096);
  assert.ok(heldBytes() - before < 1024 * 1024);
});

/** Bytes in buffers that somebody still holds, without what is only not yet collected. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().arrayBuffers;
}

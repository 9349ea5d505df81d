import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { decodeState, encodeState, LARGEST_STATE_BYTES } from "../../src/state/state-format.ts";
import { headChangeOf, listOf, SAVED } from "../support/saved-state.ts";

test("is one line, whose checksum is over the bytes of the body", () => {
  const text = encodeState(SAVED).toString();
  const [, checksum, body] =
    /^\{"format":1,"checksum":"sha256:([0-9a-f]{64})","body":(.*)\}\n$/.exec(text) ?? [];
  assert.equal(
    checksum,
    createHash("sha256")
      .update(body ?? "")
      .digest("hex"),
  );
  assert.deepEqual(JSON.parse(body ?? ""), SAVED);
});

test("gives back what was put in", () => {
  assert.deepEqual(decodeState(encodeState(SAVED)), SAVED);
});

test("leaves out members that it does not know, at every depth", () => {
  const [server] = SAVED.pools["nomad"]?.servers ?? [];
  assert.ok(server);
  const later = {
    ...SAVED,
    weather: "rain",
    pools: { nomad: { ...listOf([]), mood: 1, servers: [{ ...server, weight: 3 }] } },
  };
  const expected = { ...SAVED, pools: { nomad: { ...listOf([]), servers: [server] } } };
  assert.deepEqual(decodeState(encodeState(later)), expected);
});

const REFUSED: readonly (readonly [what: string, bytes: Buffer, reason: RegExp])[] = [
  ["an empty file", Buffer.alloc(0), /^empty$/],
  ["a foreign file", Buffer.from("[Service]\nRestart=always\n"), /no state file of headwaiter's/],
  ["foreign JSON", Buffer.from('{"servers":[]}'), /no state file of headwaiter's/],
  ["zeros, as a power failure leaves them", Buffer.alloc(4_096), /no state file of headwaiter's/],
  ["a later format", Buffer.from('{"format":2,"zstd":"KLUv"}'), /format 2: this version reads format 1/],
  ["a file that is too large", Buffer.alloc(LARGEST_STATE_BYTES + 1), /larger than 4194304 bytes/],
  ["a changed byte", withoutChecksum(), /the checksum is another/],
];

for (const [what, bytes, reason] of REFUSED) {
  test(`refuses ${what}`, () => {
    const decoded = decodeState(bytes);
    assert.match("refused" in decoded ? decoded.refused : "taken", reason);
  });
}

test("refuses a file that was cut anywhere", () => {
  const whole = encodeState(SAVED);
  // The last byte but the newline ends the line: without the newline alone it is whole.
  for (let length = 0; length < whole.length - 1; length += 1) {
    assert.ok("refused" in decodeState(whole.subarray(0, length)), `cut to ${length} bytes`);
  }
});

const UNUSABLE: readonly (readonly [change: object, place: string])[] = [
  [{ instance: 7 }, "body.instance"],
  [{ saved_at: "yesterday" }, "body.saved_at"],
  [{ last_index: -1 }, "body.last_index"],
  [{ last_index: 1.5 }, "body.last_index"],
  [{ config_hash: null }, "body.config_hash"],
  [{ head_changes: [{}] }, "body.head_changes.0.index"],
  [{ head_changes: Array.from({ length: 65 }, (_, i) => headChangeOf(i)) }, "body.head_changes"],
  [pools({ saved_at: 1 }), "body.pools.nomad.saved_at"],
  [pools({ head: 1 }), "body.pools.nomad.head"],
  [pools({ leader: null }), "body.pools.nomad.leader"],
  [pools({ num_nodes: "12" }), "body.pools.nomad.num_nodes"],
  [servers({ address: "not an address:http" }), "body.pools.nomad.servers.0.address"],
  [servers({ address: "" }), "body.pools.nomad.servers.0.address"],
  [servers({ tier: "third" }), "body.pools.nomad.servers.0.tier"],
  [servers({ addresses: [] }), "body.pools.nomad.servers.0.addresses"],
  [servers({ addresses: ["web.example"] }), "body.pools.nomad.servers.0.addresses.0"],
  [servers({ configured: false }), "body.pools.nomad.servers.0.configured"],
];

for (const [change, place] of UNUSABLE) {
  test(`says where a body is not as expected: ${place} ${JSON.stringify(change).slice(0, 60)}`, () => {
    const decoded = decodeState(encodeState({ ...SAVED, ...change }));
    assert.match("refused" in decoded ? decoded.refused : "taken", new RegExp(`^${place}: `));
  });
}

test("never throws, whatever stands in the body", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const checksum = createHash("sha256").update(json).digest("hex");
      const line = `{"format":1,"checksum":"sha256:${checksum}","body":${json}}\n`;
      assert.ok("refused" in decodeState(Buffer.from(line)));
    }),
    { numRuns: 200 },
  );
});

test("keeps the first servers of lists that are too long for one file", () => {
  const names = Array.from({ length: 20_000 }, (_, nth) => `${"long-name.".repeat(10)}${nth}.example:4647`);
  const servers = names.map((address) => ({
    address,
    tier: "primary" as const,
    addresses: ["10.0.0.1", "10.0.0.2"],
  }));
  const bytes = encodeState({
    ...SAVED,
    pools: { long: { ...listOf([]), servers }, short: listOf(["10.0.0.1:1"]) },
  });
  assert.ok(bytes.length <= LARGEST_STATE_BYTES);
  const decoded = decodeState(bytes);
  assert.ok(!("refused" in decoded), "refused" in decoded ? decoded.refused : "");
  const { long, short } = decoded.pools;
  const kept = long?.servers.map(({ address }) => address) ?? [];
  assert.deepEqual(kept, names.slice(0, kept.length));
  assert.ok(kept.length >= 10_000);
  assert.equal(short?.servers.length, 1);
});

function withoutChecksum(): Buffer {
  return Buffer.from(encodeState(SAVED).toString().replace("10.0.0.1:4647", "10.0.0.9:4647"));
}

function pools(change: object) {
  return { pools: { nomad: { ...listOf([]), ...change } } };
}

function servers(change: object) {
  const server = { address: "10.0.0.1:4647", tier: "primary", addresses: ["10.0.0.1"] };
  return pools({ servers: [{ ...server, ...change }] });
}

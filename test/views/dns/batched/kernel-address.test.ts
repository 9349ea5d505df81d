/** Sources as the kernel writes them are judged as those in text are. */
import assert from "node:assert/strict";
import { SocketAddress } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import { KernelAddress } from "../../../../src/views/dns/thread/batched/kernel-address.ts";
import { RateLimit } from "../../../../src/views/dns/thread/rate-limit.ts";
import { sourceOf } from "../../../../src/views/dns/thread/udp-source.ts";

const PORT = fc.integer({ min: 0, max: 65_535 });
const BYTE = fc.oneof(fc.constantFrom(0, 127, 255), fc.integer({ min: 0, max: 255 }));
const IPV4 = fc.array(BYTE, { minLength: 4, maxLength: 4 });
/** With runs of zeros, which the text leaves out, and the forms that it ends with an IPv4 address. */
const GROUP = fc.oneof(fc.constantFrom(0, 1, 0xffff), fc.integer({ min: 0, max: 0xffff }));
const IPV6 = fc.oneof(
  fc.array(GROUP, { minLength: 8, maxLength: 8 }),
  fc.tuple(GROUP, GROUP).map((end) => [0, 0, 0, 0, 0, 0, ...end]),
  fc.tuple(GROUP, GROUP).map((end) => [0, 0, 0, 0, 0, 0xffff, ...end]),
);

/** As the system writes it. */
function textOfIpv6(groups: readonly number[]): string {
  const address = groups.map((group) => group.toString(16)).join(":");
  return new SocketAddress({ address, family: "ipv6" }).address;
}

/** A `sockaddr` made by hand. */
function kernelBytes(family: number, port: number, behindPort: readonly number[]): Buffer {
  const bytes = Buffer.alloc(28);
  bytes[0] = family;
  bytes.writeUInt16BE(port, 2);
  bytes.set(behindPort, 4);
  return bytes;
}

function bytesOfGroups(groups: readonly number[]): readonly number[] {
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}

function agrees(text: string, port: number, bytes: Buffer, length: number): void {
  const address = new KernelAddress();
  address.set("2001:db8::1", 1, () => 0);
  address.set(text, port, () => assert.fail("no interface is named"));
  assert.deepEqual([address.bytes, address.length], [bytes, length], text);
  const spelled = sourceOf(text, port);
  assert.deepEqual(
    [address.port, address.isLoopback, address.network],
    [spelled.port, spelled.isLoopback, spelled.network],
    text,
  );
}

describe("an address as the kernel writes it", () => {
  test("is the one in text, of the same network, loopback or not: IPv4", () => {
    fc.assert(
      fc.property(IPV4, PORT, (parts, port) => {
        agrees(parts.join("."), port, kernelBytes(2, port, parts), 16);
      }),
    );
  });

  test("IPv6", () => {
    fc.assert(
      fc.property(IPV6, PORT, (groups, port) => {
        const bytes = kernelBytes(10, port, [0, 0, 0, 0, ...bytesOfGroups(groups)]);
        agrees(textOfIpv6(groups), port, bytes, 28);
      }),
      { numRuns: 1000 },
    );
  });

  test("loopback is 127.0.0.0/8 and ::1, and nothing beside it", () => {
    const loopback = ["127.0.0.1", "127.255.0.9", "::1", "128.0.0.1", "::", "::2", "1::1", "::1:0:1"].filter(
      (text) => {
        const address = new KernelAddress();
        address.set(text, 1024, () => 0);
        return address.isLoopback;
      },
    );
    assert.deepEqual(loopback, ["127.0.0.1", "127.255.0.9", "::1"]);
  });

  test("the limit of a network is the same, whichever way its sources come in", () => {
    fc.assert(
      fc.property(fc.array(IPV6, { minLength: 1, maxLength: 20 }), (all) => {
        const [raw, spelled] = [new RateLimit(2), new RateLimit(2)];
        for (const [now, groups] of all.entries()) {
          const text = textOfIpv6(groups);
          const address = new KernelAddress();
          address.set(text, 4000, () => 0);
          assert.equal(raw.take(address.network, now), spelled.take(sourceOf(text, 4000).network, now));
        }
      }),
    );
  });

  test("an interface is kept, by its number", () => {
    const address = new KernelAddress();
    address.set("fe80::1%eth0.100", 5300, (name) => (name === "eth0.100" ? 0x01020304 : 0));
    assert.equal(address.copy().bytes.toString("hex", 24), "04030201");
    assert.equal(address.bytes.toString("hex", 8, 24), "fe800000000000000000000000000001");
    address.set("fe80::1", 5300, () => 7);
    assert.equal(address.bytes.toString("hex", 24), "00000000");
  });
});

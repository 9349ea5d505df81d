/** Sources of packets: who can be a client, who is this machine, who belongs together. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isLoopback } from "../../../src/core/ip-address.ts";
import { isServicePort, prefixHash } from "../../../src/views/dns/thread/udp-source.ts";

describe("source ports", () => {
  const services = [
    ["nobody", 0],
    ["echo, discard, daytime, quote of the day, chargen, time", 7, 9, 13, 17, 19, 37],
    ["TFTP, portmapper, NTP, NetBIOS, SNMP, LDAP", 69, 111, 123, 137, 138, 161, 389],
    ["IKE, syslog, RIP", 500, 514, 520],
    ["the last port of services", 1023],
    ["SSDP, WS-Discovery, SIP, mDNS, CoAP, memcached", 1900, 3702, 5060, 5353, 5683, 11_211],
  ] as const;
  for (const [what, ...ports] of services) {
    test(`${what}: no client asks from there`, () => {
      assert.deepEqual(
        ports.filter((port) => !isServicePort(port)),
        [],
      );
    });
  }

  test("other DNS servers ask from 53, and clients from 1024 on", () => {
    assert.deepEqual([53, 1024, 5352, 8653, 32_768, 60_999, 65_535].filter(isServicePort), []);
  });

  test("of the ports that resolvers draw from, one in some 6,000 is a service's", () => {
    const all = Array.from({ length: 65_536 - 1024 }, (_, i) => 1024 + i);
    const services = all.filter(isServicePort).length;
    assert.ok(services / all.length < 1 / 6000, `${services}`);
  });
});

describe("addresses", () => {
  test("loopback is 127.0.0.0/8 and ::1, as the system writes them", () => {
    const addresses = [
      "127.0.0.1",
      "127.255.255.254",
      "::1",
      "128.0.0.1",
      "12.7.0.0",
      "10.0.0.127",
      "::",
      "::127",
      "fe80::1%lo",
    ];
    assert.deepEqual(addresses.filter(isLoopback), ["127.0.0.1", "127.255.255.254", "::1"]);
  });

  const together: [string, string][] = [
    ["192.0.2.1", "192.0.2.254"],
    ["2001:db8:1:200::1", "2001:db8:1:2ff:ffff:1:2:3"],
    ["2001:db8::1", "2001:db8:0:1::"],
    ["2001:db8::", "2001:db8::1:2:3:4:5"],
    ["::2", "::3:4:5:6"],
    ["1::2:3:4:5:6:7", "1:0:2::7"],
    ["fe80::1%eth0.100", "fe80::2%eth1"],
  ];
  for (const [one, other] of together) {
    test(`${one} and ${other} are of one network`, () => {
      assert.equal(prefixHash(one), prefixHash(other));
    });
  }

  const apart: [string, string][] = [
    ["192.0.2.1", "192.0.3.1"],
    ["1.12.3.4", "11.2.3.4"],
    ["2001:db8:1:200::1", "2001:db8:1:300::1"],
    ["2001:db8:1:2::1", "2001:db8:2:2::1"],
    ["1:2::", "1::2:0:0:0:0"],
    ["::1:2:3:4:5:6", "::2:2:3:4:5:6"],
  ];
  for (const [one, other] of apart) {
    test(`${one} and ${other} are not`, () => {
      assert.notEqual(prefixHash(one), prefixHash(other));
    });
  }

  test("networks beside each other spread over a table", () => {
    const networks = [
      Array.from({ length: 4096 }, (_, i) => `10.${i >> 8}.${i & 0xff}.1`),
      Array.from({ length: 4096 }, (_, i) => `2001:db8:${i.toString(16)}::1`),
      Array.from({ length: 4096 }, (_, i) => `2001:db8:7:${(i << 4).toString(16)}::1`).filter(
        (_, i) => i % 16 === 0,
      ),
      Array.from({ length: 256 }, (_, i) => `${(0x2000 + (i << 5)).toString(16)}::1`),
    ];
    for (const addresses of networks) {
      const places = new Set(addresses.map((address) => prefixHash(address) % 16_384));
      assert.ok(places.size > addresses.length * 0.8, `${places.size} of ${addresses.length}`);
    }
  });
});

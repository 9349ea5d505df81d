import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type OwnPlace, ownService } from "../../../src/net/consul/own-service.ts";
import { type WayToConsul, wayBetween } from "../../../src/net/consul/way-to-consul.ts";

const LOCAL: WayToConsul = { isLocal: true };
const REMOTE: WayToConsul = { isLocal: false, ourAddress: "10.0.0.7" };
const SOCKET: WayToConsul = { isLocal: false };

function service(place: Partial<OwnPlace> & { host?: string }, way = LOCAL, heads: [string, string][] = []) {
  const { host = "127.0.0.1", ...rest } = place;
  const listen = { host, port: 8654 };
  return ownService({ hostname: "web1", listen, readinessPath: "/ready", ...rest }, way, {
    version: "1.2.3",
    heads: new Map(heads),
  });
}

suite("the agent as a service of Consul: its address", () => {
  const rows: [string, WayToConsul, OwnPlace["advertise"], string | undefined][] = [
    ["127.0.0.1", LOCAL, undefined, undefined],
    ["127.9.9.9", LOCAL, undefined, undefined],
    ["::1", LOCAL, undefined, undefined],
    ["0.0.0.0", LOCAL, undefined, undefined],
    ["::", LOCAL, undefined, undefined],
    ["0:0:0:0:0:0:0:0", LOCAL, undefined, undefined],
    ["::ffff:0.0.0.0", LOCAL, undefined, undefined],
    ["::ffff:127.0.0.1", LOCAL, undefined, undefined],
    ["fe80::1", LOCAL, undefined, undefined],
    ["10.0.0.5", LOCAL, undefined, "10.0.0.5"],
    ["2001:db8::5", LOCAL, undefined, "2001:db8::5"],
    ["0.0.0.0", SOCKET, undefined, undefined],
    ["0.0.0.0", REMOTE, undefined, "10.0.0.7"],
    ["127.0.0.1", REMOTE, undefined, "10.0.0.7"],
    ["10.0.0.5", REMOTE, undefined, "10.0.0.5"],
    ["0.0.0.0", LOCAL, { host: "192.0.2.9" }, "192.0.2.9"],
    ["0.0.0.0", REMOTE, { host: "192.0.2.9" }, "192.0.2.9"],
    ["10.0.0.5", LOCAL, { host: "192.0.2.9" }, "192.0.2.9"],
  ];
  for (const [host, way, advertise, address] of rows) {
    const from = `${way.isLocal ? "local" : way.ourAddress === undefined ? "behind a socket" : "remote"} Consul`;
    const told = address ?? "that of Consul's node";
    test(`listening on ${host}, ${from}, advertise ${advertise?.host ?? "nothing"}: ${told}`, () => {
      const found = service({ host, ...(advertise && { advertise }) }, way);
      assert.equal(found.address, address);
      assert.equal(found.port, 8654);
    });
  }

  test("on a unix socket there is no port, unless one is advertised", () => {
    const listen = { socket: "/run/headwaiter/agent.sock" };
    const places: [WayToConsul, OwnPlace["advertise"], string | undefined, number | undefined][] = [
      [LOCAL, undefined, undefined, undefined],
      [REMOTE, undefined, "10.0.0.7", undefined],
      [LOCAL, { host: "192.0.2.9" }, "192.0.2.9", undefined],
      [LOCAL, { host: "192.0.2.9", port: 80 }, "192.0.2.9", 80],
    ];
    for (const [way, advertise, ...expected] of places) {
      const { address, port } = service({ listen, ...(advertise && { advertise }) }, way);
      assert.deepEqual([address, port], expected);
    }
  });

  test("an advertised port wins over that of the listener", () => {
    const { address, port } = service({ advertise: { host: "192.0.2.9", port: 80 } });
    assert.deepEqual([address, port], ["192.0.2.9", 80]);
  });
});

suite("the agent as a service of Consul: its id", () => {
  const id = (...args: Parameters<typeof service>) => service(...args).id;

  test("names the unix socket, in letters that a path of a URL takes as they are", () => {
    const socket = { listen: { socket: "/run/hw/a b.sock" } };
    assert.equal(id(socket), "headwaiter-web1-unix-run-hw-a-b.sock");
    assert.equal(id(socket, REMOTE), "headwaiter-web1-unix-run-hw-a-b.sock");
    const advertised = { ...socket, advertise: { host: "192.0.2.9", port: 80 } };
    assert.equal(id(advertised), "headwaiter-web1-192.0.2.9:80");
  });

  test("is the same after a restart", () => {
    assert.equal(id({}), "headwaiter-web1-127.0.0.1:8654");
    assert.equal(id({}), id({}));
  });

  test("differs from that of any other agent at the same Consul", () => {
    const ids = [
      id({}),
      id({ hostname: "web2" }),
      id({ host: "127.0.0.2" }),
      id({ listen: { host: "127.0.0.1", port: 8655 } }),
      id({ host: "0.0.0.0" }, REMOTE),
      id({ host: "0.0.0.0" }, { isLocal: false, ourAddress: "10.0.0.8" }),
      id({ host: "0.0.0.0", advertise: { host: "192.0.2.9" } }),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });

  test("has no character of a host name that a path or a header would not take", () => {
    assert.equal(id({ hostname: "a/b?c d\n" }), "headwaiter-a-b-c-d--127.0.0.1:8654");
  });
});

suite("the agent as a service of Consul: its checks", () => {
  const readiness = (...args: Parameters<typeof service>) => service(...args).checks[1];
  const reached: [string, string][] = [
    ["127.0.0.1", "http://127.0.0.1:8654/ready"],
    ["0.0.0.0", "http://127.0.0.1:8654/ready"],
    ["::ffff:0.0.0.0", "http://127.0.0.1:8654/ready"],
    ["::", "http://[::1]:8654/ready"],
    ["::1", "http://[::1]:8654/ready"],
    ["10.0.0.5", "http://10.0.0.5:8654/ready"],
  ];
  for (const [host, url] of reached) {
    test(`listening on ${host}: a Consul on this machine asks ${url}, whatever others are told`, () => {
      const check = readiness({ host, advertise: { host: "192.0.2.9", port: 80 } });
      assert.ok(check?.kind === "http");
      assert.equal(check.url, url);
    });
  }

  test("any other Consul is told: what it can reach of us is not known", () => {
    assert.equal(readiness({ host: "10.0.0.5" }, REMOTE)?.kind, "ttl");
    assert.equal(readiness({}, SOCKET)?.kind, "ttl");
    assert.equal(readiness({ listen: { socket: "/run/a.sock" } }, LOCAL)?.kind, "ttl");
  });

  test("only the report that the agent is alive makes Consul drop it, after half an hour without one", () => {
    for (const way of [LOCAL, REMOTE, SOCKET]) {
      const reaping = service({}, way).checks.flatMap((check) =>
        "reapAfterMs" in check ? [[check.name, check.reapAfterMs]] : [],
      );
      assert.deepEqual(reaping, [["alive", 1_800_000]]);
    }
  });
});

suite("the agent as a service of Consul: its metadata", () => {
  test("any number of pools fits into Consul's 64 keys; how many are left out is told", () => {
    const heads = Array.from({ length: 200 }, (_, i): [string, string] => [`p${i}`, `10.0.0.1:${i}`]);
    const all = service({}, LOCAL, heads.slice(0, 62)).meta;
    assert.equal(Object.keys(all).length, 63);
    assert.equal(all["heads_left_out"], undefined);
    const some = service({}, LOCAL, heads).meta;
    assert.equal(Object.keys(some).length, 64);
    assert.equal(some["heads_left_out"], "138");
    assert.equal(some["head_p0"], "10.0.0.1:0");
  });

  test("a value is printable and fits into Consul's 512 bytes", () => {
    const { meta } = service({}, LOCAL, [["web", `${"x".repeat(2_000)}\n`]]);
    assert.ok(Buffer.byteLength(meta["head_web"] ?? "") <= 512);
  });
});

test("Consul is on this machine when both ends have one address, or loopback", () => {
  assert.deepEqual(wayBetween("127.0.0.1", "127.0.0.1"), { isLocal: true });
  assert.deepEqual(wayBetween("127.0.0.1", "127.0.0.2"), { isLocal: true });
  assert.deepEqual(wayBetween("::1", "::1"), { isLocal: true });
  assert.deepEqual(wayBetween("10.0.0.7", "10.0.0.7"), { isLocal: true });
  assert.deepEqual(wayBetween("10.0.0.7", "10.0.0.8"), { isLocal: false, ourAddress: "10.0.0.7" });
  assert.deepEqual(wayBetween("2001:db8::7", "2001:db8::8"), { isLocal: false, ourAddress: "2001:db8::7" });
});

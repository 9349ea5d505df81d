import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EndpointError, type EndpointErrorCode, parseRpcAddr } from "../../src/core/rpc-addr.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { CONFIG, fakePorts } from "../support/fake-ports.ts";
import { addr, heartbeatOf, isRejectedAs } from "./proxy-fixtures.ts";

const WELL_FORMED: readonly [text: string, key: string][] = [
  ["10.0.0.1", "10.0.0.1:4647"],
  ["10.0.0.1:1", "10.0.0.1:1"],
  ["223.255.255.255:65535", "223.255.255.255:65535"],
  ["1.0.0.0:00080", "1.0.0.0:80"],
  ["::1", "[::1]:4647"],
  ["[::1]", "[::1]:4647"],
  ["[2001:DB8:0:0::0001]:99", "[2001:db8::1]:99"],
  ["2001:db8::1", "[2001:db8::1]:4647"],
  ["[2001:db8::1:4647]", "[2001:db8::1:4647]:4647"],
  ["2001:db8:0:0:0:0:1:4647", "[2001:db8::1:4647]:4647"],
  ["2001:db8::4647", "[2001:db8::4647]:4647"],
  ["2001:db8::1:ab", "[2001:db8::1:ab]:4647"],
  ["2001:db8::1:0080", "[2001:db8::1:80]:4647"],
  ["::ffff:10.0.0.1", "10.0.0.1:4647"],
  ["[::FFFF:10.0.0.1]:5", "10.0.0.1:5"],
  ["[0:0:0:0:0:ffff:0a00:0001]:5", "10.0.0.1:5"],
  ["169.254.169.254:80", "169.254.169.254:80"],
  ["127.0.0.1:1", "127.0.0.1:1"],
  ["web", "web:4647"],
  ["WEB.Example.:5000", "web.example:5000"],
  ["web_1.example", "web_1.example:4647"],
  ["3com.example:1", "3com.example:1"],
  [`${"a".repeat(63)}.example`, `${"a".repeat(63)}.example:4647`],
];

test("well-formed addresses have a canonical key", () => {
  for (const [text, key] of WELL_FORMED) {
    assert.equal(new ServerEndpoint(text, parseRpcAddr(text), ["10.0.0.1"]).key, key, text);
    assert.equal(new ServerEndpoint(key, parseRpcAddr(key), ["10.0.0.1"]).key, key, "canonical twice");
  }
});

const MALFORMED: readonly [text: string, code: EndpointErrorCode][] = [
  ["", "address-empty"],
  [":", "host-missing"],
  [":4647", "host-missing"],
  ["host:", "port-missing"],
  ["[::1]:", "port-missing"],
  ["10.0.0.1:0", "port-invalid"],
  ["10.0.0.1:65536", "port-invalid"],
  ["10.0.0.1:-1", "port-invalid"],
  ["10.0.0.1:+80", "port-invalid"],
  ["10.0.0.1:4647 ", "port-invalid"],
  ["10.0.0.1:0x50", "port-invalid"],
  ["10.0.0.1:80.5", "port-invalid"],
  ["10.0.0.1:http", "port-invalid"],
  ["10.0.0.1:000080", "port-invalid"],
  ["[::1]:99999", "port-invalid"],
  ["10.0.0.256", "host-invalid"],
  ["10.0.0", "host-invalid"],
  ["10.0.0.1.", "host-invalid"],
  ["10..0.1", "host-invalid"],
  ["010.0.0.1", "host-invalid"],
  ["0x7f.1", "host-invalid"],
  ["2130706433", "host-invalid"],
  ["127.1", "host-invalid"],
  ["0x7f000001", "host-invalid"],
  ["10.0.0.1:4647:1", "host-invalid"],
  ["[::ffff:010.0.0.1]:1", "host-invalid"],
  ["[::10.0.0.1]:1", "host-invalid"],
  ["::4647", "host-invalid"],
  ["2001:db8::1:4647", "host-ambiguous"],
  ["::1:4647", "host-ambiguous"],
  ["2001:db8::1:80", "host-ambiguous"],
  ["2001:db8::1:46470", "host-ambiguous"],
  ["2001:db8:0:0:0:0:0:1:4647", "host-ambiguous"],
  ["fd00:::8500", "host-ambiguous"],
  ["::ffff:10.0.0.1:4647", "host-ambiguous"],
  ["[]", "host-invalid"],
  ["[", "host-invalid"],
  ["[::1", "host-invalid"],
  ["[::1]4647", "host-invalid"],
  ["[10.0.0.1]:4647", "host-invalid"],
  ["[web]:4647", "host-invalid"],
  ["::1]", "host-invalid"],
  [":::", "host-invalid"],
  ["1::2::3", "host-invalid"],
  ["fe80::1%eth0", "host-invalid"],
  ["[fe80::1%25eth0]:1", "host-invalid"],
  ["12345::1", "host-invalid"],
  ["a:b:c", "host-invalid"],
  ["10.0.0.1:4647:1", "host-invalid"],
  [".", "host-invalid"],
  ["web..example", "host-invalid"],
  [".web", "host-invalid"],
  ["-web", "host-invalid"],
  ["web-", "host-invalid"],
  ["we b", "host-invalid"],
  [" web", "host-invalid"],
  ["web\n", "host-invalid"],
  ["web\u0000", "host-invalid"],
  ["wéb", "host-invalid"],
  ["\u212Aubernetes", "host-invalid"],
  ["http://web:4647", "host-invalid"],
  ["web/path", "host-invalid"],
  ["user@web", "host-invalid"],
  ["web.10", "host-invalid"],
  [`${"a".repeat(64)}.example`, "host-invalid"],
  [`${"a.".repeat(127)}aa`, "host-invalid"],
  ["nowhere.example:4647", "name-unresolvable"],
];

test("every malformed address form gives its code, and changes nothing", async () => {
  const proxy = new RpcProxy(fakePorts(), CONFIG);
  await proxy.refreshServerLists(heartbeatOf([addr(1)]), 5, addr(1));
  const before = proxy.snapshot();
  for (const [text, code] of MALFORMED) {
    await assert.rejects(proxy.addPrimaryServer(text), isRejectedAs(code), JSON.stringify(text));
    assert.deepEqual(
      (await proxy.setBackupServers([text])).map((error) => [error.code, error.address]),
      [[code, text]],
    );
    assert.deepEqual(
      (await proxy.refreshServerLists(heartbeatOf([text]), 5, addr(1))).map((error) => error.code),
      [code],
    );
    assert.equal(proxy.snapshot(), before, JSON.stringify(text));
  }
});

const UNDIALABLE: readonly [host: string, reason: RegExp][] = [
  ["0.0.0.0", /unspecified/],
  ["::", /unspecified/],
  ["0:0:0:0:0:0:0:0", /unspecified/],
  ["::ffff:0.0.0.0", /unspecified/],
  ["::ffff:0:0", /unspecified/],
  ["0.0.0.1", /reserved/],
  ["224.0.0.1", /multicast/],
  ["239.255.255.255", /multicast/],
  ["::ffff:224.0.0.1", /multicast/],
  ["ff02::1", /multicast/],
  ["FF0E:0::5", /multicast/],
  ["240.0.0.1", /reserved/],
  ["255.255.255.254", /reserved/],
  ["255.255.255.255", /broadcast/],
  ["::ffff:ffff:ffff", /broadcast/],
  ["fe80::1", /link-local/],
  ["febf::1", /link-local/],
  ["::2", /out of use/],
];

test("an address that nobody else can dial is refused with its reason, with a port and without", () => {
  for (const [host, reason] of UNDIALABLE) {
    for (const text of host.includes(":") ? [host, `[${host}]`, `[${host}]:4647`] : [host, `${host}:4647`]) {
      assert.throws(
        () => parseRpcAddr(text),
        (error) =>
          error instanceof EndpointError && error.code === "host-invalid" && reason.test(error.message),
        text,
      );
    }
  }
});

test("an ambiguous address is refused with both ways to write it", () => {
  assert.throws(() => parseRpcAddr("2001:db8::1:4647"), {
    message:
      'server address "2001:db8::1:4647": expected brackets: "[2001:db8::1]:4647", or "[2001:db8::1:4647]" for an address without a port',
  });
  assert.throws(() => parseRpcAddr("2001:db8::1:46470"), {
    message: /: expected brackets: "\[2001:db8::1\]:46470"$/,
  });
});

/** Any spelling of the eight groups: letters' case, leading zeros, "::" for a run of zeros or not. */
const spelledIpv6 = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }),
    fc.array(fc.boolean(), { minLength: 17, maxLength: 17 }),
    fc.nat(7),
    fc.nat(8),
  )
  .map(([random, chance, from, length]) => {
    const groups = [0x2001, 0xdb8, ...random.slice(2)].map((group, at) =>
      at >= Math.max(from, 2) && at < from + length ? 0 : group,
    );
    const chances = [...chance];
    const next = () => chances.pop() === true;
    const texts = groups.map((group) => {
      const text = group.toString(16);
      return (next() ? text.padStart(4, "0") : text)[next() ? "toUpperCase" : "toLowerCase"]();
    });
    const zeros = groups.findIndex((group, at) => group === 0 && groups[at + 1] === 0);
    let end = zeros;
    while (groups[end] === 0) {
      end += 1;
    }
    const short = `${texts.slice(0, zeros).join(":")}::${texts.slice(end).join(":")}`;
    return {
      plain: groups.map((group) => group.toString(16)).join(":"),
      text: zeros > 0 && next() ? short : texts.join(":"),
    };
  });

test("however an IPv6 address is spelled, it is one server, with the default port or that port", () => {
  fc.assert(
    fc.property(spelledIpv6, ({ plain, text }) => {
      const { key } = ServerEndpoint.fromLiteral(`[${text}]`);
      assert.equal(key, ServerEndpoint.fromLiteral(`[${plain}]:4647`).key);
      assert.equal(ServerEndpoint.fromLiteral(key).key, key);
    }),
  );
});

test("an IPv4 address is one server as itself and as IPv6, or is refused as both", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
      const keyOf = (text: string) => {
        try {
          return ServerEndpoint.fromLiteral(text).key;
        } catch {
          return "refused";
        }
      };
      const first = Number(host.split(".")[0]);
      assert.equal(keyOf(`${host}:${port}`), first > 0 && first < 224 ? `${host}:${port}` : "refused");
      assert.equal(keyOf(`[::ffff:${host}]:${port}`), keyOf(`${host}:${port}`));
    }),
  );
});

test("a name is one server in any case, with a final dot and without", () => {
  fc.assert(
    fc.property(fc.domain(), fc.boolean(), (name, dot) => {
      const keyOf = (text: string) => new ServerEndpoint(text, parseRpcAddr(text), ["10.0.0.1"]).key;
      assert.equal(keyOf(`${name.toUpperCase()}${dot ? "." : ""}`), keyOf(`${name}:4647`));
    }),
  );
});

test("any text is either a canonical address or an EndpointError that names it", () => {
  const piece = fc.oneof(
    fc.constantFrom(":", "::", "[", "]", ".", "-", "%", "0", "255", "4647", "web", "1", "ffff"),
    fc.string(),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(piece).map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        const endpoint = new ServerEndpoint(given, parseRpcAddr(given), ["10.0.0.1"]);
        assert.equal(new ServerEndpoint(given, parseRpcAddr(endpoint.key), ["10.0.0.1"]).key, endpoint.key);
        assert.match(endpoint.key, /^[\x21-\x7e]+:\d+$/);
      } catch (error) {
        assert.ok(error instanceof EndpointError, String(error));
        assert.equal(error.address, given);
        assert.ok(error.message.includes(JSON.stringify(given)));
      }
    }),
    { numRuns: 5_000 },
  );
});

test("an endpoint is frozen, copies its addresses, and is written as its key", () => {
  const addresses = ["10.0.0.1"];
  const endpoint = new ServerEndpoint("Web", parseRpcAddr("Web"), addresses);
  addresses.push("10.0.0.2");
  assert.deepEqual(endpoint.addresses, ["10.0.0.1"]);
  assert.ok(Object.isFrozen(endpoint) && Object.isFrozen(endpoint.addresses));
  assert.equal(String(endpoint), "web:4647");
  assert.equal(endpoint.name, "Web");
  const moved = endpoint.withAddresses(["10.0.0.9"]);
  assert.deepEqual([moved.key, moved.name, moved.addresses], ["web:4647", "Web", ["10.0.0.9"]]);
});

test("only an address literal is an endpoint without a resolver", () => {
  assert.equal(ServerEndpoint.fromLiteral("[::1]:5").key, "[::1]:5");
  assert.throws(() => ServerEndpoint.fromLiteral("web"), isRejectedAs("name-unresolvable"));
});

test("the default port may be another one", () => {
  assert.equal(parseRpcAddr("10.0.0.1", 8300).port, 8300);
  assert.equal(parseRpcAddr("10.0.0.1:1", 8300).port, 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import {
  EndpointError,
  type EndpointErrorCode,
  parseRpcAddr,
  ServerEndpoint,
} from "../../src/core/server-endpoint.ts";
import { CONFIG, fakePorts } from "./fake-ports.ts";
import { addr, heartbeatOf, isRejectedAs } from "./proxy-fixtures.ts";

const WELL_FORMED: readonly [text: string, key: string][] = [
  ["10.0.0.1", "10.0.0.1:4647"],
  ["10.0.0.1:1", "10.0.0.1:1"],
  ["255.255.255.255:65535", "255.255.255.255:65535"],
  ["0.0.0.0:00080", "0.0.0.0:80"],
  ["::1", "[::1]:4647"],
  ["[::1]", "[::1]:4647"],
  ["[2001:DB8:0:0::0001]:99", "[2001:db8::1]:99"],
  ["2001:db8::1", "[2001:db8::1]:4647"],
  ["::ffff:10.0.0.1", "[::ffff:a00:1]:4647"],
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

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { documentValues } from "../../src/config/document.ts";
import { environmentLayers } from "../../src/config/environment.ts";
import { configOf } from "../../src/config/layer.ts";
import { parseRpcAddr } from "../../src/core/rpc-addr.ts";
import { withoutSecrets } from "../../src/core/without-secrets.ts";
import { shownPath } from "../../src/files/shown-path.ts";

const UUID = "8b1a9953-c461-1296-a827-abf8c47804d7";

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return String(error);
  }
  return assert.fail("expected a mistake");
}

suite("a secret in the wrong place is in no error, and its place is", () => {
  const rows: [string, string][] = [
    ["consul: { address: 'http://hunter:S3CRET@127.0.0.1:99999' }", "consul.address"],
    ["consul: { address: 'http://hunter:S3C/RET@[::1' }", "consul.address"],
    ["consul: { address: 'hunter:S3CRET@127.0.0.1:8500' }", "consul.address"],
    ["pools: { nomad: { servers: ['hunter:S3CRET@10.0.0.1:4647'] } }", "pools.nomad.servers.0"],
    ["consul: { address: 'ftp://hunter:S3CRET@127.0.0.1' }", "consul.address"],
    ["consul: { address: 'http://127.0.0.1:x?token=S3CRET' }", "consul.address"],
    ["consul: { address: 'http://127.0.0.1:8500/?token=S3CRET#S3CRET' }", "consul.address"],
    ["dns: { address: 'hunter:S3CRET@127.0.0.1:53' }", "dns.address.0"],
    ["http: { address: 'http://hunter:S3CRET@127.0.0.1:80' }", "http.address"],
    ["http: { advertise: 'http://hunter:S3CRET@10.0.0.5' }", "http.advertise"],
    ["dns: { nameservers: ['hunter:S3CRET@127.0.0.1'] }", "dns.nameservers.0"],
    ["pools: { nomad: { servers: ['http://hunter:S3CRET@10.0.0.1:4647'] } }", "pools.nomad.servers.0"],
    ["pools: { nomad: { servers: ['10.0.0.1:4647?token=S3CRET'] } }", "pools.nomad.servers.0"],
    [`dns: { ttl: ${UUID} }`, "dns.ttl"],
    [`pools: { nomad: { servers: ['${UUID}:${UUID}'] } }`, "pools.nomad.servers.0"],
    ["consul: {token:S3CRET}", "consul.…"],
    ["consul: {token=S3CRET}", "consul.…"],
    [`consul: { ${UUID}: 1 }`, "consul.…"],
    [`pools: { '${UUID}': {} }`, "pools.…"],
    ["pools: { 'hunter:S3CRET@web': {} }", "pools.…"],
    ["consul: { token: [S3CRET] }", "consul.token"],
    ["consul: { token: { S3CRET: 1 } }", "consul.token"],
  ];
  for (const [text, place] of rows) {
    test(text, () => {
      const message = messageOf(() => configOf([{ origin: "FILE", values: documentValues("FILE", text) }]));
      assert.match(message, /^ConfigError: FILE: /);
      assert.ok(message.startsWith(`ConfigError: FILE: ${place}: `), message);
      assert.doesNotMatch(message, /S3C|hunter|RET|8b1a|abf8/);
    });
  }

  for (const [name, value] of [
    ["CONSUL_HTTP_ADDR", "http://hunter:S3CRET@127.0.0.1:99999"],
    ["CONSUL_HTTP_SSL", "S3CRET"],
    ["CONSUL_HTTP_TOKEN", "S3CRET S3CRET"],
    ["CONSUL_HTTP_AUTH", "hunter:S3CRET"],
    ["CONSUL_NAMESPACE", "S3CRET"],
  ] as const) {
    test(`environment ${name}`, () => {
      const message = messageOf(() => configOf(environmentLayers({ [name]: value })));
      assert.ok(message.startsWith(`ConfigError: environment ${name}: `), message);
      assert.doesNotMatch(message, /S3C|hunter/);
    });
  }

  test("an address that came from elsewhere", () => {
    const message = messageOf(() => parseRpcAddr("http://hunter:S3CRET@10.0.0.1:4647"));
    assert.match(message, /server address "http:\/\/…@10\.0\.0\.1:4647"/);
  });
});

suite("what is no secret stays readable", () => {
  for (const text of [
    "5 parsecs",
    "127.0.0.1:70000",
    "a-service-of-a-long-name-01",
    "ip-10-0-0-1.eu-west-1.compute.internal:80",
    "conns_per_second_per_server",
    "http://[2001:db8::1]:8500/consul",
  ]) {
    test(text, () => {
      assert.equal(withoutSecrets(text), text);
    });
  }
});

suite("the path of a file with a secret", () => {
  test("is shown when it is one", () => {
    for (const path of [
      "/etc/headwaiter/4b7c1d9e2f/token",
      "./token",
      "../a/token",
      "ca.pem",
      "tls/ca.pem",
    ]) {
      assert.equal(shownPath(path), path);
    }
  });

  test("is not shown when it may be the secret itself", () => {
    const pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\n-----END EC PRIVATE KEY-----\n";
    for (const text of [UUID, "s.8kDj2Lq0ZxW4vN1bT7yRm3Pc", "S3CRET", pem, `/${pem}`, "/a\nb"]) {
      assert.equal(shownPath(text), "…");
    }
  });
});

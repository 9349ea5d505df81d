import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ConfigError } from "../../src/config/config-error.ts";
import type { Environment } from "../../src/config/environment.ts";
import { configOf } from "../../src/config/layer.ts";
import { configLayers, type Flags } from "../../src/config/load.ts";

function consulOf(environment: Environment, flags: Flags = {}) {
  return configOf(configLayers(flags, environment)).consul;
}

function refuses(environment: Environment, message: RegExp) {
  assert.throws(
    () => consulOf(environment),
    (error) => error instanceof ConfigError && message.test(error.message) && !error.message.includes("\n"),
  );
}

suite("variables of Consul's tools", () => {
  test("each sets its own key", () => {
    const consul = consulOf({
      CONSUL_HTTP_ADDR: "127.0.0.1:2",
      CONSUL_HTTP_TOKEN: "secret",
      CONSUL_HTTP_TOKEN_FILE: "token",
      CONSUL_HTTP_SSL_VERIFY: "0",
      CONSUL_CACERT: "ca.pem",
      CONSUL_CLIENT_CERT: "cert.pem",
      CONSUL_CLIENT_KEY: "key.pem",
      CONSUL_TLS_SERVER_NAME: "server.dc1.consul",
    });
    assert.deepEqual(consul, {
      address: "http://127.0.0.1:2",
      verify: false,
      token: "secret",
      tokenFile: "token",
      caFile: "ca.pem",
      certFile: "cert.pem",
      keyFile: "key.pem",
      serverName: "server.dc1.consul",
    });
  });

  test("an empty one counts as absent", () => {
    const names = ["ADDR", "SSL", "SSL_VERIFY", "TOKEN", "TOKEN_FILE", "AUTH"].map(
      (name) => `CONSUL_HTTP_${name}`,
    );
    const others = ["CACERT", "CAPATH", "CLIENT_CERT", "NAMESPACE", "PARTITION"].map(
      (name) => `CONSUL_${name}`,
    );
    assert.deepEqual(
      consulOf(Object.fromEntries([...names, ...others].map((name) => [name, ""]))),
      consulOf({}),
    );
  });

  const addresses: [given: string | undefined, ssl: string, address: string][] = [
    [undefined, "true", "https://127.0.0.1:8500"],
    ["127.0.0.1:8501", "true", "https://127.0.0.1:8501"],
    ["http://127.0.0.1:8501", "true", "https://127.0.0.1:8501"],
    ["HTTP://127.0.0.1:8501/consul", "1", "https://127.0.0.1:8501/consul"],
    ["https://[::1]:8501", "t", "https://[::1]:8501"],
    ["https://127.0.0.1:8501", "false", "https://127.0.0.1:8501"],
    ["http://127.0.0.1:8501", "F", "http://127.0.0.1:8501"],
    ["127.0.0.1:8501", "", "http://127.0.0.1:8501"],
    ["unix:///run/consul.sock", "", "unix:///run/consul.sock"],
  ];
  for (const [given, ssl, address] of addresses) {
    test(`CONSUL_HTTP_SSL=${ssl} with CONSUL_HTTP_ADDR=${given ?? ""} is ${address}`, () => {
      assert.equal(consulOf({ CONSUL_HTTP_ADDR: given, CONSUL_HTTP_SSL: ssl }).address, address);
    });
  }

  test("CONSUL_HTTP_SSL holds for the flag's address, too", () => {
    const flags = { consulAddress: "http://127.0.0.1:8501" };
    assert.equal(consulOf({ CONSUL_HTTP_SSL: "TRUE" }, flags).address, "https://127.0.0.1:8501");
  });

  test("TLS over a unix socket is refused by the variable's name", () => {
    refuses(
      { CONSUL_HTTP_ADDR: "unix:///run/consul.sock", CONSUL_HTTP_SSL: "true" },
      /^environment CONSUL_HTTP_SSL: TLS over a unix socket is not supported, expected/,
    );
  });

  for (const name of ["CONSUL_HTTP_SSL", "CONSUL_HTTP_SSL_VERIFY"]) {
    test(`${name} is read as Go reads booleans, and anything else refused`, () => {
      for (const value of ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"]) {
        consulOf({ [name]: value });
      }
      for (const value of ["yes", "on", "tRUE", "2", " ", " true"]) {
        refuses({ [name]: value }, new RegExp(`^environment ${name}: expected 1, t, true, 0, f or false$`));
      }
    });
  }

  test("CONSUL_TLS_SERVER_NAME may carry a port", () => {
    const nameOf = (value: string) => consulOf({ CONSUL_TLS_SERVER_NAME: value }).serverName;
    assert.equal(nameOf("server.dc1.consul:8501"), "server.dc1.consul");
    assert.equal(nameOf("[::1]:8501"), "::1");
    assert.equal(nameOf("::1"), "::1");
  });

  for (const name of ["CONSUL_HTTP_AUTH", "CONSUL_CAPATH", "CONSUL_NAMESPACE", "CONSUL_PARTITION"]) {
    test(`${name} is refused by name, without its value`, () => {
      refuses(
        { [name]: "operator:secret" },
        new RegExp(`^environment ${name}: (?!.*secret).*not supported, expected`),
      );
    });
  }

  test("CONSUL_CAPATH beside CONSUL_CACERT is not looked at", () => {
    assert.equal(consulOf({ CONSUL_CAPATH: "/certs", CONSUL_CACERT: "ca.pem" }).caFile, "ca.pem");
  });

  test("a certificate needs its key, and a key its certificate", () => {
    refuses({ CONSUL_CLIENT_CERT: "c.pem" }, /^environment CONSUL_CLIENT_CERT: expected key_file as well$/);
    refuses({ CONSUL_CLIENT_KEY: "k.pem" }, /^environment CONSUL_CLIENT_KEY: expected cert_file as well$/);
  });
});

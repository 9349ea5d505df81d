import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { ConfigError } from "../../src/config/config-error.ts";
import { configOf } from "../../src/config/layer.ts";
import { configLayers, type Flags } from "../../src/config/load.ts";
import { printable } from "../../src/core/printable.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-config-"));
after(() => {
  rmSync(directory, { recursive: true });
});

function loadConfig(flags: Flags, environment: Record<string, string>) {
  return configOf(configLayers(flags, environment));
}

function fileOf(text: string, name = "agent.yaml"): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function load(text: string, flags: Flags = {}, environment: Record<string, string> = {}) {
  return loadConfig({ config: [fileOf(text)], ...flags }, environment);
}

suite("defaults", () => {
  test("without any file the contract's defaults hold", () => {
    const config = loadConfig({}, {});
    assert.deepEqual(config.dns.listen, [{ host: "127.0.0.1", port: 8653 }]);
    assert.deepEqual(config.http.address, { host: "127.0.0.1", port: 8654 });
    assert.equal(config.dns.domain, "headwaiter.internal");
    assert.equal(config.dns.ttlSeconds, 0);
    assert.equal(config.consul.address, "http://127.0.0.1:8500");
    assert.deepEqual(Object.keys(config.pools), ["nomad"]);
    assert.equal(config.pools["nomad"]?.heartbeat, "nomad");
    assert.equal(config.pools["nomad"].ping, "nomad");
    assert.equal(config.pools["nomad"].backups?.service, "nomad");
    assert.equal(config.pools["nomad"].backups.tag, "rpc");
    assert.equal(config.pools["nomad"].backups.waitMs, 60_000);
    assert.deepEqual(config.pools["nomad"].rebalance, {
      minReuseMs: 600_000,
      jitterMs: 300_000,
      connsPerSecondPerServer: 64,
    });
  });

  test("the address that others are told has the listener's port unless it names one", () => {
    const advertised = (text: string) =>
      load(`http: { advertise: ${JSON.stringify(text)} }\nconsul: { register: true }`).registration
        ?.advertise;
    assert.deepEqual(advertised("10.0.0.5"), { host: "10.0.0.5" });
    assert.deepEqual(advertised("10.0.0.5:80"), { host: "10.0.0.5", port: 80 });
    assert.deepEqual(advertised("2001:db8::5"), { host: "2001:db8::5" });
    assert.deepEqual(advertised("[2001:db8::5]:80"), { host: "2001:db8::5", port: 80 });
  });

  test("HTTP listens on a unix socket that its owner and group may use, or whom the mode says", () => {
    const address = (text: string) => load(text).http.address;
    const socket = "/run/headwaiter/agent.sock";
    assert.deepEqual(address("http: { address: 'unix:/run/headwaiter/agent.sock' }"), {
      socket,
      mode: 0o660,
    });
    assert.deepEqual(address("http: { address: 'unix:///run/headwaiter/agent.sock', socket_mode: '0600' }"), {
      socket,
      mode: 0o600,
    });
    const longest = `/${"s".repeat(106)}`;
    assert.deepEqual(address(`http: { address: 'unix:${longest}' }`), { socket: longest, mode: 0o660 });
    assert.deepEqual(address("http: { socket_mode: '600' }"), { host: "127.0.0.1", port: 8654 });
    const { http } = load("", { httpAddress: "unix:/run/headwaiter/agent.sock" });
    assert.deepEqual(http.address, { socket, mode: 0o660 });
  });

  test("a pool of another name is the Consul service of that name, reached over TCP", () => {
    const pool = load("pools: { redis: {} }").pools["redis"];
    assert.equal(pool?.heartbeat, "none");
    assert.equal(pool.ping, "tcp");
    assert.equal(pool.backups?.service, "redis");
    assert.equal(Object.hasOwn(pool.backups, "tag"), false);
  });

  test("null switches Consul's backups off", () => {
    const pool = load("pools: { nomad: { backups: null } }").pools["nomad"];
    assert(pool !== undefined);
    assert.equal(Object.hasOwn(pool, "backups"), false);
  });
});

suite("layers", () => {
  test("later files win key by key, the environment over them, flags over all", () => {
    const first = fileOf(
      "datacenter: one\nregion: r1\nconsul: { address: 'http://127.0.0.1:1' }",
      "first.yaml",
    );
    const second = fileOf('{"datacenter": "two", "dns": {"ttl": "5s"}}', "second.json");
    const config = loadConfig(
      { config: [first, second], dnsAddress: "127.0.0.1:53", consulAddress: "https://[::1]:8501" },
      { CONSUL_HTTP_ADDR: "127.0.0.1:2", CONSUL_HTTP_TOKEN: "secret" },
    );
    assert.equal(config.datacenter, "two");
    assert.equal(config.region, "r1");
    assert.equal(config.dns.ttlSeconds, 5);
    assert.deepEqual(config.dns.listen, [{ host: "127.0.0.1", port: 53 }]);
    assert.equal(config.consul.address, "https://[::1]:8501");
    assert.equal(config.consul.token, "secret");
  });

  test("a directory stands for its files in the order of their names", () => {
    const place = join(directory, "conf.d");
    mkdirSync(place);
    writeFileSync(join(place, "20.yaml"), "datacenter: twenty");
    writeFileSync(join(place, "10.json"), '{"datacenter": "ten", "region": "ten"}');
    writeFileSync(join(place, "30.txt"), "datacenter: thirty");
    const config = loadConfig({ config: [place] }, {});
    assert.equal(config.datacenter, "twenty");
    assert.equal(config.region, "ten");
  });

  test("the rate limit of DNS has a default, and can be taken away", () => {
    const limits = ["{}", "{ rate_limit: 1 }", "{ rate_limit: null }"].map(
      (dns) => load(`dns: ${dns}`).dns.rateLimit,
    );
    assert.deepEqual(limits, [1000, 1, undefined]);
  });

  test("a name server needs no port", () => {
    const { nameservers } = load("dns: { nameservers: ['127.0.0.53', '::1', '[::1]:54'] }").resolver;
    assert.deepEqual(nameservers, ["127.0.0.53:53", "[::1]:53", "[::1]:54"]);
  });

  test("each flag sets its own key", () => {
    const flags = {
      datacenter: "dc7",
      region: "eu",
      dataDir: "/tmp/data",
      logLevel: "warn",
      logFormat: "text",
    };
    const { dataDirectory, datacenter, log, region } = loadConfig(flags, {});
    const expected = {
      datacenter: "dc7",
      region: "eu",
      dataDirectory: "/tmp/data",
      log: { level: "warn", format: "text" },
    };
    assert.deepEqual({ datacenter, region, dataDirectory, log }, expected);
  });
});

suite("a mistake is one line that names its place and what was expected", () => {
  const rows: [string, string][] = [
    [
      "nonsense: 1",
      "FILE: nonsense: unknown key, expected one of datacenter, region, data_dir, log, dns, http, consul, state, pools, on_demand",
    ],
    [
      "dns: { adress: x }",
      "FILE: dns.adress: unknown key, expected one of address, domain, ttl, negative_ttl, rate_limit, sockets, listener, consul_names, consul_domain, consul_address, nameservers",
    ],
    [
      "consul: { tls: true }",
      "FILE: consul.tls: unknown key, expected one of address, ssl, verify_ssl, token, token_file, server_name, wait, register, ca_file, cert_file, key_file; there is pools.*.tls",
    ],
    ['region: ""', "FILE: region: expected the name of a region"],
    ['data_dir: ""', "FILE: data_dir: expected the path of a directory"],
    ["dns: { address: [] }", "FILE: dns.address: expected an address or a list of addresses"],
    ['pools: { "*": { backups: null } }', "FILE: pools.*.backups: expected Consul to be asked"],
    [
      'pools: { "*": { backups: { service: db } } }',
      "FILE: pools.*.backups.service: expected no such key: the question says it",
    ],
    [
      'pools: { "*": { backups: { tag: blue } } }',
      "FILE: pools.*.backups.tag: expected no such key: the question says it",
    ],
    [
      'pools: { "*": { servers: ["10.0.0.1:1"] } }',
      "FILE: pools.*.servers: expected no server: each service has its own",
    ],
    ['pools: { "*": { heartbeat: push } }', "FILE: pools.*.heartbeat: expected none"],
    ["on_demand: { max_pools: 1025 }", "FILE: on_demand.max_pools: expected a whole number from 1 to 1024"],
    [
      'pools: { web: { backups: { service: "" } } }',
      "FILE: pools.web.backups.service: expected the name of a Consul service",
    ],
    [
      "pools: { web: { health: { intervall: 1s } } }",
      "FILE: pools.web.health.intervall: unknown key, expected one of interval, idle_interval, timeout, standby",
    ],
    [
      "dns: { address: somewhere }",
      'FILE: dns.address.0: expected an IP address and a port such as "127.0.0.1:8653", got "somewhere"',
    ],
    [
      "dns: { address: ['127.0.0.1:70000'] }",
      'FILE: dns.address.0: expected an IP address and a port such as "127.0.0.1:8653", got "127.0.0.1:70000"',
    ],
    ["dns: { ttl: 5 }", 'FILE: dns.ttl: expected a duration such as "500ms" or "10m"'],
    [
      "dns: { ttl: 5 parsecs }",
      'FILE: dns.ttl: expected a duration such as "500ms" or "10m", got "5 parsecs"',
    ],
    ...["0", "-5", "0.5", "1000001", "1e300", "many", "'50'", ".inf"].map((rate): [string, string] => [
      `dns: { rate_limit: ${rate} }`,
      "FILE: dns.rate_limit: expected whole answers a second from 1 to 1000000, or null for no limit",
    ]),
    ["dns: { ttl: 1500ms }", "FILE: dns.ttl: expected whole seconds, at most 2147483647s"],
    ["dns: { consul_names: on }", "FILE: dns.consul_names: expected head, all or off"],
    ...["headwaiter.internal", "internal", "a.headwaiter.internal"].map((domain): [string, string] => [
      `dns: { consul_names: head, consul_domain: ${domain} }`,
      "FILE: dns.consul_domain: expected a domain that is not dns.domain, nor under it or above it",
    ]),
    [
      "dns: { consul_names: all, consul_address: localhost:8600 }",
      'FILE: dns.consul_address: expected an IP address, with a port or without, such as "127.0.0.1:8600", got "localhost:8600"',
    ],
    ...(
      [
        ["'[::1]:8600'", "'[0:0::1]:8600'"],
        ["127.0.0.1:8600", "127.0.0.1"],
        ["0.0.0.0:8600", "127.0.0.9"],
        ["['127.0.0.1:1', '[::]:8600']", "'::1'"],
      ] as const
    ).map(([own, address]): [string, string] => [
      `dns: { address: ${own}, consul_names: head, consul_address: ${address} }`,
      "FILE: dns.consul_address: expected an address of Consul's DNS, not one of dns.address: questions would go round for ever",
    ]),
    ["dns: { negative_ttl: 600000h }", "FILE: dns.negative_ttl: expected whole seconds, at most 2147483647s"],
    [
      "dns: { nameservers: ['127.0.0.53:0'] }",
      'FILE: dns.nameservers.0: expected an IP address, with a port or without, such as "127.0.0.53", got "127.0.0.53:0"',
    ],
    [
      "dns: { domain: office.local }",
      'FILE: dns.domain: expected a domain name such as "headwaiter.internal", not under .local',
    ],
    [
      "pools: { nomad: { servers: [':4647'] } }",
      'FILE: pools.nomad.servers.0: server address ":4647": expected a host before the port, as in "10.0.0.1:4647"',
    ],
    [
      "pools: { all: {} }",
      'FILE: pools.all: pool name "all": expected 1 to 15 letters, digits and inner hyphens with a letter, other than addr, all, ns',
    ],
    [
      "pools: { NS: {} }",
      'FILE: pools.NS: pool name "NS": expected 1 to 15 letters, digits and inner hyphens with a letter, other than addr, all, ns',
    ],
    [
      "pools: { web: {}, Web: {} }",
      "FILE: pools.Web: expected names that differ in more than case: to DNS web and Web are one",
    ],
    ...[
      "0.0.0.0",
      "::",
      "[::]:80",
      "10.0.0.5:0",
      "224.0.0.1",
      "ff02::1",
      "255.255.255.255",
      "240.0.0.1",
      "010.0.0.5",
      "fe80::1",
      "fe80::1%eth0",
      "web1",
      "",
    ].map((text): [string, string] => [
      `http: { advertise: ${JSON.stringify(text)} }`,
      `FILE: http.advertise: expected an IP address that others reach, with a port or without, such as "10.0.0.5", got ${JSON.stringify(text)}`,
    ]),
    [
      "http: { advertise: '2001:db8::5:8654' }",
      'FILE: http.advertise: expected brackets: "[2001:db8::5]:8654", or "[2001:db8::5:8654]" for an address without a port, got "2001:db8::5:8654"',
    ],
    [
      "dns: { nameservers: ['127.0.0.53', '2001:db8::5:53'] }",
      'FILE: dns.nameservers.1: expected brackets: "[2001:db8::5]:53", or "[2001:db8::5:53]" for an address without a port, got "2001:db8::5:53"',
    ],
    [
      "pools: { web: { servers: ['2001:db8::1:4647'] } }",
      'FILE: pools.web.servers.0: server address "2001:db8::1:4647": expected brackets: "[2001:db8::1]:4647", or "[2001:db8::1:4647]" for an address without a port',
    ],
    [
      "pools: { web: { servers: ['10.0.0.1:1', '0.0.0.0:1'] } }",
      'FILE: pools.web.servers.1: server address "0.0.0.0:1": expected an address that can be dialled: 0.0.0.0 is unspecified, where one listens',
    ],
    ...[
      "unix:",
      "unix:agent.sock",
      "unix://run/agent.sock",
      "unix:/run/headwaiter/",
      "unix:/run/a\u0000b",
      `unix:${"/run".repeat(27)}`,
      `unix:${"/ä".repeat(36)}`,
      "/run/agent.sock",
    ].map((text): [string, string] => [
      `http: { address: ${JSON.stringify(text)} }`,
      `FILE: http.address: expected an IP address and a port such as "127.0.0.1:8654", or "unix:" and an absolute path of at most 107 bytes, got ${JSON.stringify(printable(text))}`,
    ]),
    ...["'660 '", "'0669'", "'7777'", "'u+rw'"].map((mode): [string, string] => [
      `http: { socket_mode: ${mode} }`,
      `FILE: http.socket_mode: expected three octal digits in quotes, such as "0660", got ${mode.replaceAll("'", '"')}`,
    ]),
    [
      "http: { socket_mode: 0660 }",
      'FILE: http.socket_mode: expected three octal digits in quotes, such as "0660"',
    ],
    ["pools: {}", "FILE: pools: expected at least one pool"],
    [
      "pools: { nomad: { heartbeat: sometimes } }",
      "FILE: pools.nomad.heartbeat: expected nomad, push or none",
    ],
    [
      "pools: { nomad: { health: { interval: 0s } } }",
      "FILE: pools.nomad.health.interval: expected a duration above zero",
    ],
    [
      "pools: { web: { rebalance: { min_reuse: 0s } } }",
      "FILE: pools.web.rebalance.min_reuse: expected a duration above zero",
    ],
    [
      "consul: { address: 'ftp://127.0.0.1' }",
      'FILE: consul.address: Consul address "ftp://127.0.0.1": expected "http://host:port", "https://host:port" or "unix:///path"',
    ],
    ["consul: { token: 'S3 CRET' }", "FILE: consul.token: can't be a token: byte 3 is white space"],
    ['consul: { token: "S3CR\\u00c4T" }', "FILE: consul.token: can't be a token: byte 5 is not ASCII"],
    ["consul: { wait: 500ms }", "FILE: consul.wait: expected a duration from 1s to 10m"],
    ["consul: { wait: 11m }", "FILE: consul.wait: expected a duration from 1s to 10m"],
    ["- a list", "FILE: expected a mapping of keys to values"],
    [
      "region: *absent",
      "FILE:1:9: expected YAML or JSON: Unresolved alias (the anchor must be set before the alias)",
    ],
    ["a: 1\na: 2", "FILE:2:1: expected YAML or JSON: Map keys must be unique"],
  ];
  for (const [text, message] of rows) {
    test(JSON.stringify(text), () => {
      const expected = message.replace("FILE", join(directory, "agent.yaml"));
      assert.throws(() => load(text), new ConfigError(...splitOnce(expected)));
    });
  }

  test("a flag and an environment variable are named as such", () => {
    assert.throws(
      () => load("", { httpAddress: "nowhere" }),
      /^ConfigError: flag --http-address: expected an IP/,
    );
    assert.throws(
      () => load("", {}, { CONSUL_HTTP_ADDR: "a b" }),
      /^ConfigError: environment CONSUL_HTTP_ADDR: Consul address "a b": expected/,
    );
  });

  test("a token of the environment that can't be one is named, and not shown", () => {
    assert.throws(
      () => load("", {}, { CONSUL_HTTP_TOKEN: "S3C\nRET" }),
      /^ConfigError: environment CONSUL_HTTP_TOKEN: can't be a token: byte 4 is a line end$/,
    );
    assert.equal(load("", {}, { CONSUL_HTTP_TOKEN: " S3CRET\n" }).consul.token, "S3CRET");
  });

  test("a file that is not there", () => {
    const path = join(directory, "absent.yaml");
    const message = `ConfigError: ${path}: expected a readable configuration file: no such file`;
    assert.throws(
      () => loadConfig({ config: [path] }, {}),
      (error) => String(error) === message,
    );
  });
});

function splitOnce(message: string): [string, string] {
  const at = message.indexOf(": ");
  return [message.slice(0, at), message.slice(at + 2)];
}

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { documentValues } from "../../src/config/document.ts";
import { configOf } from "../../src/config/layer.ts";
import type { Config, PoolConfig } from "../../src/config/schema.ts";
import { DEFAULT_REBALANCE_POLICY, type RebalancePolicy } from "../../src/core/rebalance.ts";
import type { LogConfig } from "../../src/log/log.ts";
import type { ConsulClientOptions } from "../../src/net/consul/consul-client.ts";
import type { DnsResolverOptions } from "../../src/net/names/dns-resolver.ts";
import { type ConsulWatchConfig, DEFAULT_CONSUL_WATCH } from "../../src/sources/consul/watch-config.ts";
import type { HealthConfig } from "../../src/sources/health/health-monitor.ts";
import type { DnsServerOptions } from "../../src/views/dns/dns-server-options.ts";
import type { HttpOptions } from "../../src/views/http/http-server.ts";
import type { SelfRegistrationOptions } from "../../src/views/self-registration.ts";

/** The names of options that their taker does not know, and would not look at. */
type Unknown<Given, Taken> = Exclude<keyof Given, keyof Taken>;

type NotTaken = [
  Unknown<Config["log"], LogConfig>,
  Unknown<Config["dns"], DnsServerOptions>,
  Unknown<Config["resolver"], DnsResolverOptions>,
  Unknown<Config["http"], HttpOptions>,
  Unknown<Config["consul"], ConsulClientOptions>,
  Unknown<NonNullable<Config["registration"]>, SelfRegistrationOptions>,
  Unknown<PoolConfig["health"], HealthConfig>,
  Unknown<PoolConfig["rebalance"], RebalancePolicy>,
  Unknown<NonNullable<PoolConfig["backups"]>, ConsulWatchConfig>,
][number];

/** Compiles only while there is no such name. */
const notTaken: [NotTaken] extends [never] ? readonly [] : readonly [NotTaken] = [];

const EVERY_SETTING = `
datacenter: dc2
region: eu
data_dir: /data
log: { level: warn, format: text }
dns:
  address: ["127.0.0.1:1", "[::1]:2"]
  domain: a.internal
  ttl: 2s
  negative_ttl: 3s
  rate_limit: 4
  sockets: 2
  listener: dns2
  consul_names: head
  consul_domain: consul.a
  consul_address: 127.0.0.1:5
  nameservers: ["::1"]
http: { address: "127.0.0.1:3", advertise: 10.0.0.5, token_file: /http-token }
consul:
  address: "127.0.0.1:4"
  ssl: true
  verify_ssl: false
  token: secret
  token_file: /consul-token
  ca_file: /ca
  cert_file: /cert
  key_file: /key
  server_name: a.consul
  wait: 5m
  register: true
state: { max_age: 6h }
pools:
  web:
    servers: ["10.0.0.1:80"]
    heartbeat: push
    ping: none
    backups: { service: other, tag: a, passing: false, filter: Checks, datacenters: [dc3] }
    health: { interval: 1s, timeout: 2s, standby: false }
    rebalance: { min_reuse: 3s, jitter: 4s, conns_per_second_per_server: 5 }
    tls: { ca_file: /pool-ca, cert_file: /pool-cert, key_file: /pool-key }
    token_file: /pool-token
    send_token: always
`;

function load(text: string): Config {
  return configOf([{ origin: "FILE", values: documentValues("FILE", text) }]);
}

suite("settings come to options", () => {
  test("in the words of those who take them", () => {
    assert.deepEqual(notTaken, []);
    assert.deepEqual(load(EVERY_SETTING), {
      datacenter: "dc2",
      region: "eu",
      dataDirectory: "/data",
      log: { level: "warn", format: "text" },
      dns: {
        listen: [
          { host: "127.0.0.1", port: 1 },
          { host: "::1", port: 2 },
        ],
        domain: "a.internal",
        ttlSeconds: 2,
        negativeTtlSeconds: 3,
        rateLimit: 4,
        consulNames: {
          domain: "consul.a",
          datacenter: "dc2",
          answers: "head",
          forwardTo: { address: "127.0.0.1", port: 5 },
        },
        sockets: 2,
        listener: "dns2",
      },
      resolver: { nameservers: ["[::1]:53"] },
      http: { address: { host: "127.0.0.1", port: 3 }, tokenFile: "/http-token" },
      consul: {
        address: "https://127.0.0.1:4",
        verify: false,
        token: "secret",
        tokenFile: "/consul-token",
        caFile: "/ca",
        certFile: "/cert",
        keyFile: "/key",
        serverName: "a.consul",
      },
      state: { maxAgeMs: 21_600_000 },
      registration: { advertise: { host: "10.0.0.5" } },
      pools: {
        web: {
          servers: ["10.0.0.1:80"],
          heartbeat: "push",
          ping: "none",
          backups: {
            service: "other",
            tag: "a",
            passing: false,
            filter: "Checks",
            datacenters: ["dc3"],
            waitMs: 300_000,
          },
          health: { intervalMs: 1_000, idleIntervalMs: 5_000, timeoutMs: 2_000, standby: false },
          rebalance: { minReuseMs: 3_000, jitterMs: 4_000, connsPerSecondPerServer: 5 },
          tls: { caFile: "/pool-ca", certFile: "/pool-cert", keyFile: "/pool-key" },
          tokenFile: "/pool-token",
          sendToken: "always",
        },
      },
    });
  });

  test("what is not set is absent", () => {
    const config = load("dns: { rate_limit: null }\npools: { web: { backups: null } }");
    const parts = [config, config.dns, config.http, config.consul, config.pools["web"] ?? {}];
    assert.deepEqual(
      parts.map((part) => Object.keys(part).toSorted()),
      [
        ["consul", "datacenter", "dns", "http", "log", "pools", "region", "resolver", "state"],
        ["domain", "listen", "listener", "negativeTtlSeconds", "sockets", "ttlSeconds"],
        ["address"],
        ["address", "verify"],
        ["health", "heartbeat", "ping", "rebalance", "sendToken", "servers"],
      ],
    );
  });

  test("TLS without files of its own is TLS", () => {
    assert.deepEqual(load("pools: { web: { tls: {} } }").pools["web"]?.tls, {});
  });

  test("the agent registers with the address of its listener unless another one is set", () => {
    assert.deepEqual(load("consul: { register: true }").registration, {});
  });
});

suite("without any setting the agent does as the library does", () => {
  const pool = load("pools: { web: {} }").pools["web"];
  assert(pool !== undefined);

  test("rebalance", () => {
    assert.deepEqual(pool.rebalance, DEFAULT_REBALANCE_POLICY);
  });

  test("watch of Consul", () => {
    assert.deepEqual(
      { ...DEFAULT_CONSUL_WATCH, ...pool.backups },
      { ...DEFAULT_CONSUL_WATCH, service: "web" },
    );
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { differingKeys } from "../../src/config/difference.ts";
import { documentValues } from "../../src/config/document.ts";
import { settingsOf } from "../../src/config/layer.ts";

function load(text: string) {
  return settingsOf([{ origin: "FILE", values: documentValues("FILE", text) }]);
}

suite("what differs has the name that a file gives it", () => {
  const rows: [string, string, readonly string[]][] = [
    ["", "dns: { ttl: 0s }", []],
    ["dns: { ttl: 1m }", "dns: { ttl: 60s }", []],
    ["", "pools: { nomad: { backups: { tag: rpc } } }", []],
    [
      "",
      "data_dir: /data\ndns: { negative_ttl: 2s, nameservers: ['::1'] }",
      ["data_dir", "dns.negative_ttl", "dns.nameservers"],
    ],
    ["http: { advertise: 10.0.0.5 }", "http: { advertise: '10.0.0.5:80' }", ["http.advertise.port"]],
    ["", "http: { advertise: 10.0.0.5, token_file: a }", ["http.advertise", "http.token_file"]],
    [
      "",
      "consul: { ssl: true, wait: 2m, register: true }",
      ["consul.address", "consul.ssl", "consul.wait", "consul.register"],
    ],
    [
      "pools: { web: {} }",
      "pools: { web: { rebalance: { min_reuse: 1s }, health: { interval: 1s }, token_file: a, send_token: always } }",
      [
        "pools.web.health.interval",
        "pools.web.rebalance.min_reuse",
        "pools.web.token_file",
        "pools.web.send_token",
      ],
    ],
    ["pools: { web: { tls: {} } }", "pools: { web: {} }", ["pools.web.tls"]],
    ["pools: { web: {} }", "pools: { web: { backups: null } }", ["pools.web.backups"]],
    ["pools: { web: {}, api: {} }", "pools: { web: {}, db: {} }", ["pools.api", "pools.db"]],
  ];
  for (const [before, after, keys] of rows) {
    test(`${JSON.stringify(before)} → ${JSON.stringify(after)}`, () => {
      assert.deepEqual(differingKeys(load(before), load(after)), keys);
    });
  }
});

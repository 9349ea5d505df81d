import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { documentValues } from "../../src/config/document.ts";
import { configOf } from "../../src/config/layer.ts";

function load(text: string) {
  return configOf([{ origin: "FILE", values: documentValues("FILE", text) }]);
}

suite("a key that every object has already is refused by name", () => {
  const rows: [string, string][] = [
    ["__proto__: { region: eu }", "__proto__"],
    ["constructor:", "constructor"],
    ["prototype: 1", "prototype"],
    ['{"dns": {"__proto__": {"ttl": "9s"}}}', "dns.__proto__"],
    ["pools: { __proto__: { servers: ['127.0.0.1:1'] } }", "pools.__proto__"],
    ["pools: { constructor: {} }", "pools.constructor"],
    ["pools: { prototype: }", "pools.prototype"],
    ["pools: { web: { servers: [{ __proto__: 1 }] } }", "pools.web.servers.0.__proto__"],
    ["pools:\n  web:\n    <<: { __proto__: { heartbeat: push } }", "pools.web.__proto__"],
    ["region: &name __proto__\n*name : { ttl: 9s }", "__proto__"],
    ["consul: { token: { __proto__: x } }", "consul.token.__proto__"],
  ];
  for (const [text, path] of rows) {
    test(JSON.stringify(text), () => {
      const message = `FILE: ${path}: can't be the name of a key`;
      assert.throws(() => load(text), { name: "ConfigError", message });
      assert.equal(Object.hasOwn(Object.prototype, "region"), false);
    });
  }

  test("other names of Object's own methods are names like any", () => {
    assert.deepEqual(Object.keys(load("pools: { toString: {}, valueOf: {} }").pools), [
      "toString",
      "valueOf",
    ]);
    assert.throws(() => load("hasOwnProperty: 1"), /FILE: hasOwnProperty: unknown key/);
  });
});

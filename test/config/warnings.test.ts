import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf } from "../../src/config/layer.ts";
import { warningsOf } from "../../src/config/warnings.ts";

function warnings(consul: object): readonly string[] {
  return warningsOf(configOf([{ origin: "test", values: { consul } }]));
}

const HERE = [
  "http://127.0.0.1:8500",
  "127.9.9.9",
  "http://[::1]:8500",
  "localhost:8500",
  "unix:///run/consul.sock",
];

test("a token that goes to another machine in clear text is worth a warning, one that stays here is not", () => {
  for (const secret of [{ token: "s" }, { token_file: "token" }]) {
    for (const address of HERE) {
      assert.deepEqual(warnings({ address, ...secret }), []);
    }
    assert.deepEqual(warnings({ address: "https://192.0.2.1:8501", ...secret }), []);
    assert.match(
      warnings({ address: "http://192.0.2.1:8500", ...secret }).join("|"),
      /^[^|]*in clear text[^|]*$/,
    );
    assert.match(warnings({ address: "localhost.example", ...secret }).join("|"), /in clear text/);
  }
  assert.deepEqual(warnings({ address: "http://192.0.2.1:8500" }), []);
});

test("so is a certificate that is not verified", () => {
  assert.match(warnings({ address: "https://127.0.0.1:8501", verify_ssl: false }).join("|"), /not verified/);
  assert.deepEqual(warnings({ address: "http://127.0.0.1:8500", verify_ssl: false }), []);
});

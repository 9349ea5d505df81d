import assert from "node:assert/strict";
import { test } from "node:test";
import { isLocal, transportFailure } from "../../../src/net/connection/connection-error.ts";

const failure = (code: string, address = "10.0.0.1") =>
  transportFailure("server:1", Object.assign(new Error("as told"), { code, address }));

test("what this machine lacks is not held against the server", () => {
  for (const code of ["EMFILE", "ENFILE", "ENOBUFS", "EADDRNOTAVAIL"]) {
    assert.ok(isLocal(failure(code)), code);
  }
  for (const code of ["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "EWHATEVER"]) {
    assert.ok(!isLocal(failure(code)), code);
  }
});

test("no address of our own for IPv6 is no exhaustion: it does not pass", () => {
  assert.equal(failure("EADDRNOTAVAIL", "2001:db8::1").code, "unreachable");
});

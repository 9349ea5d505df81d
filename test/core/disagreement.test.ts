import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Disagreement } from "../../src/core/disagreement.ts";

const [A, B] = ["10.0.0.1:1", "10.0.0.2:1"] as const;

suite("programs that report a server which answers", () => {
  test("disagree as soon as there are three within 10 s, until less of them are that recent", () => {
    const disagreement = new Disagreement();
    disagreement.refuted(A, "one", 0);
    disagreement.refuted(A, "two", 4_000);
    disagreement.refuted(A, "two", 5_000);
    assert.equal(disagreement.about(A, 5_000), undefined);
    disagreement.refuted(A, "three", 6_000);
    disagreement.refuted(A, "four", 7_000);
    assert.deepEqual(disagreement.about(A, 9_999), { server: A, clients: 4, since: 6_000 });
    assert.deepEqual(disagreement.about(A, 10_000), { server: A, clients: 3, since: 6_000 });
    assert.equal(disagreement.about(A, 15_000), undefined);
  });

  test("disagree anew, and since then", () => {
    const disagreement = new Disagreement();
    for (const at of [0, 20_000]) {
      for (const client of ["one", "two", "three"]) {
        disagreement.refuted(A, client, at);
      }
      assert.deepEqual(disagreement.about(A, at), { server: A, clients: 3, since: at });
    }
  });

  test("do not when they are no three, are slow, or mean several servers", () => {
    const disagreement = new Disagreement();
    for (let report = 0; report < 100; report++) {
      disagreement.refuted(A, report % 2 === 0 ? "one" : "two", report);
    }
    assert.equal(disagreement.about(A, 100), undefined);
    for (const [index, client] of ["three", "four", "five"].entries()) {
      disagreement.refuted(A, client, 20_000 + index * 6_000);
    }
    assert.equal(disagreement.about(A, 32_000), undefined);
    disagreement.refuted(B, "six", 32_000);
    disagreement.refuted(A, "three", 32_000);
    assert.equal(disagreement.about(A, 32_000), undefined);
    assert.equal(disagreement.about(undefined, 32_000), undefined);
  });

  test("are bounded in number", () => {
    const disagreement = new Disagreement();
    for (let client = 0; client < 5_000; client++) {
      disagreement.refuted(A, String(client), 0);
    }
    assert.equal(disagreement.about(A, 0)?.clients, 1_000);
  });
});

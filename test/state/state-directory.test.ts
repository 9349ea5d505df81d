import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { replaceFile, temporaryName } from "../../src/state/replace-file.ts";
import { readState, removeLeftovers, statePath } from "../../src/state/state-directory.ts";
import { encodeState } from "../../src/state/state-format.ts";
import { SAVED } from "../support/saved-state.ts";

const NOW = Date.parse("2026-01-02T03:04:05.678Z");

function directory(): string {
  return mkdtempSync(join(tmpdir(), "headwaiter-state-"));
}

test("what is written is read, by its owner alone", async () => {
  const own = directory();
  await replaceFile(statePath(own), encodeState(SAVED));
  assert.deepEqual(readState(own, NOW), { kind: "state", body: SAVED });
  assert.equal(statSync(statePath(own)).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(own), ["state.json"]);
});

test("no file is nothing to tell of", () => {
  assert.deepEqual(readState(directory(), NOW), { kind: "none" });
});

test("a file that can't be used is renamed, and the three newest are kept", () => {
  const own = directory();
  for (let nth = 0; nth < 5; nth += 1) {
    writeFileSync(statePath(own), `foreign ${nth}`);
    const found = readState(own, NOW + nth * 1_000);
    assert.equal(found.kind === "refused" && found.reason, "no state file of headwaiter's");
  }
  const kept = ["state.json.bad-20260102T030407.678Z", "state.json.bad-20260102T030408.678Z"];
  assert.deepEqual(readdirSync(own).toSorted(), [...kept, "state.json.bad-20260102T030409.678Z"]);
  assert.equal(readFileSync(join(own, kept[0] ?? ""), "utf8"), "foreign 2");
});

test("two that are refused in the same millisecond are both kept", () => {
  const own = directory();
  for (const text of ["one", "other"]) {
    writeFileSync(statePath(own), text);
    readState(own, NOW);
  }
  assert.equal(readdirSync(own).length, 2);
});

test("what a writer left behind that died is removed, and nothing else", () => {
  const own = directory();
  writeFileSync(temporaryName(statePath(own)), "half");
  writeFileSync(join(own, "notes.tmp"), "mine");
  removeLeftovers(own);
  assert.deepEqual(readdirSync(own), ["notes.tmp"]);
});

test("a write that fails leaves no file behind, and the old one in its place", async () => {
  const own = directory();
  await replaceFile(statePath(own), encodeState(SAVED));
  const unwritable = "not bytes" as unknown as Uint8Array;
  await assert.rejects(replaceFile(statePath(own), { length: 1, unwritable } as unknown as Uint8Array));
  assert.deepEqual(readdirSync(own), ["state.json"]);
  assert.equal(readState(own, NOW).kind, "state");
});

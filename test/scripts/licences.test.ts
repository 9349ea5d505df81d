/** The list of licences that is shipped with the program. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { licencesOf } from "../../scripts/bundle/licences.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "licences-"));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function addPackage(folder: string, manifest: object, licence?: string): void {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, "package.json"), JSON.stringify(manifest));
  if (licence !== undefined) {
    writeFileSync(join(root, folder, "LICENSE.md"), licence);
  }
}

test("each package once, with its version, its licence and the text of it", () => {
  const inner = { name: "inner", version: "2.0.0", license: "ISC" };
  addPackage(
    "node_modules/@scope/outer",
    { name: "@scope/outer", version: "1.0.0", license: "MIT" },
    "Take it.",
  );
  addPackage("node_modules/@scope/outer/node_modules/inner", inner);
  addPackage("node_modules/inner", inner);
  const files = [
    "src/main.ts",
    "node_modules/@scope/outer/lib/a.js",
    "node_modules/@scope/outer/lib/b.js",
    "node_modules/@scope/outer/node_modules/inner/c.js",
    "node_modules/inner/c.js",
  ];
  const line = "-".repeat(80);
  assert.equal(
    licencesOf(root, files),
    `@scope/outer 1.0.0, MIT\n\nTake it.\n\n${line}\n\ninner 2.0.0, ISC\n`,
  );
});

test("a package without a licence can't be part of the program", () => {
  addPackage("node_modules/odd", { name: "odd", version: "3.0.0" });
  assert.throws(() => licencesOf(root, ["node_modules/odd/index.js"]), /odd 3\.0\.0 names no licence/);
});

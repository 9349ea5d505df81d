import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { prepareDataDirectory } from "../../src/files/data-directory.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-data-"));
after(() => {
  rmSync(directory, { recursive: true });
});

suite("the data directory", () => {
  for (const umask of [0o000, 0o022, 0o277]) {
    test(`is made for its owner alone under umask ${umask.toString(8)}`, () => {
      const path = join(directory, umask.toString(8));
      const before = process.umask(umask);
      try {
        assert.deepEqual(prepareDataDirectory(path), {});
      } finally {
        process.umask(before);
      }
      assert.equal(statSync(path).mode & 0o7777, 0o700);
    });
  }

  test("that is there stays as it is, and is told of when others have rights in it", () => {
    const path = join(directory, "wide");
    mkdirSync(path);
    chmodSync(path, 0o1755);
    assert.deepEqual(prepareDataDirectory(path), { widerMode: "1755" });
    assert.equal(statSync(path).mode & 0o7777, 0o1755);
    chmodSync(path, 0o700);
    assert.deepEqual(prepareDataDirectory(path), {});
  });

  test("that is a file is refused", () => {
    const path = join(directory, "file");
    writeFileSync(path, "");
    assert.throws(() => prepareDataDirectory(path), { name: "FileError", message: "no directory" });
  });
});

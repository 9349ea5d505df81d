import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { LARGEST_FILE_BYTES, readRegularFile, readTextFile } from "../../src/files/regular-file.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-file-"));
after(() => {
  rmSync(directory, { recursive: true });
});
const at = (name: string) => join(directory, name);

const refused = (message: string) => ({ name: "FileError", message });

suite("a file that the configuration names", () => {
  test("is read whole, through a link too", () => {
    writeFileSync(at("file"), "x".repeat(5_000));
    symlinkSync("file", at("link"));
    assert.equal(readRegularFile(at("link"), 5_000).toString(), "x".repeat(5_000));
    writeFileSync(at("empty"), "");
    assert.equal(readRegularFile(at("empty")).length, 0);
  });

  test("of the kernel says that it has no bytes, and is read all the same", () => {
    assert.match(readTextFile("/proc/self/status"), /^Name:/);
    assert.throws(() => readRegularFile("/proc/self/status", 100), refused("larger than 100 bytes"));
  });

  test("that is a pipe is not waited for", () => {
    execFileSync("mkfifo", [at("pipe")]);
    assert.throws(() => readRegularFile(at("pipe")), refused("a pipe"));
  });

  test("that is a socket, a directory or a device is refused", async () => {
    const server = createServer().listen(at("socket"));
    await once(server, "listening");
    assert.throws(() => readRegularFile(at("socket")), refused("a socket"));
    server.close();
    assert.throws(() => readRegularFile(directory), refused("a directory"));
    for (const device of ["/dev/zero", "/dev/null", "/dev/random"]) {
      assert.throws(() => readRegularFile(device), refused("a device"));
    }
  });

  test("that is too large is refused before it is read", () => {
    writeFileSync(at("large"), "");
    truncateSync(at("large"), LARGEST_FILE_BYTES);
    assert.equal(readRegularFile(at("large")).length, LARGEST_FILE_BYTES);
    truncateSync(at("large"), 2 ** 40);
    assert.throws(() => readRegularFile(at("large")), refused(`larger than ${LARGEST_FILE_BYTES} bytes`));
  });

  test("that is not there, or goes round in links, is refused in words", () => {
    assert.throws(() => readRegularFile(at("absent")), refused("no such file"));
    symlinkSync("round", at("round"));
    assert.throws(() => readRegularFile(at("round")), refused("too many symbolic links"));
    assert.throws(
      () => readRegularFile(`${at("file")}/below`),
      refused("a part of its path is no directory"),
    );
  });

  test("loses a byte order mark, and must be UTF-8", () => {
    writeFileSync(at("marked"), "\uFEFFtext");
    assert.equal(readTextFile(at("marked")), "text");
    writeFileSync(at("utf16"), Buffer.from("\uFEFFtext", "utf16le"));
    assert.throws(() => readTextFile(at("utf16")), refused("not UTF-8"));
  });
});

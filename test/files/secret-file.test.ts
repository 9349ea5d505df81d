import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { SecretFile } from "../../src/files/secret-file.ts";
import { tokenIn } from "../../src/files/token-text.ts";
import { FakeLogger } from "../support/fake-ports.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-secret-"));
after(() => {
  rmSync(directory, { recursive: true });
});
const path = join(directory, "token");
const remove = () => {
  rmSync(path, { recursive: true, force: true });
};

/** What may stand in a file's place in the middle of a rotation, or after one that went wrong. */
const BAD: readonly (readonly [string, () => void, string])[] = [
  ["gone", () => undefined, "can't be read: no such file"],
  [
    "empty",
    () => {
      writeFileSync(path, "");
    },
    "is empty",
  ],
  [
    "white space",
    () => {
      writeFileSync(path, " \n\r\n\t");
    },
    "is empty",
  ],
  [
    "a directory",
    () => {
      mkdirSync(path);
    },
    "can't be read: a directory",
  ],
  ["a pipe", () => execFileSync("mkfifo", [path]), "can't be read: a pipe"],
  [
    "huge",
    () => {
      writeFileSync(path, "x".repeat(100_000));
    },
    "can't be read: larger than 8192 bytes",
  ],
  [
    "two lines",
    () => {
      writeFileSync(path, "S3CRET\nS3CRET\n");
    },
    "can't be a token: byte 7 is a line end",
  ],
  [
    "two words",
    () => {
      writeFileSync(path, "S3CRET S3CRET");
    },
    "can't be a token: byte 7 is white space",
  ],
  [
    "bytes",
    () => {
      writeFileSync(path, "S3CRET\0\0");
    },
    "can't be a token: byte 7 is a control character",
  ],
  [
    "umlauts",
    () => {
      writeFileSync(path, "S3CRÄT");
    },
    "can't be a token: byte 5 is not ASCII",
  ],
];

suite("a token in a file", () => {
  for (const [what, make, problem] of BAD) {
    test(`stays while the file is ${what}; that is said once, and once when it is over`, () => {
      const logger = new FakeLogger();
      const file = new SecretFile(path, "consul.token_file", logger);
      remove();
      writeFileSync(path, "first\n");
      assert.equal(file.token(), "first");
      remove();
      make();
      assert.equal(file.token(), "first");
      assert.equal(file.token(), "first");
      assert.equal(file.problem, problem);
      remove();
      writeFileSync(path, "second");
      assert.equal(file.token(), "second");
      assert.equal(file.token(), "second");
      assert.deepEqual(logger.levels(), ["warn", "debug", "info"]);
      const [first] = logger.lines;
      assert.deepEqual(first?.fields, { key: "consul.token_file", file: path, problem });
      assert.equal(first.message, "a token file can't be used: the last token stays in use");
      assert.doesNotMatch(JSON.stringify(logger.lines), /S3CR|first|second/);
    });

    test(`is absent while the file was never anything but ${what}`, () => {
      const logger = new FakeLogger();
      remove();
      make();
      const file = new SecretFile(path, "token_file", logger);
      assert.equal(file.token(), undefined);
      assert.equal(logger.lines[0]?.message, "a token file can't be used: there is no token yet");
      remove();
      writeFileSync(path, "late");
      assert.equal(file.token(), "late");
    });
  }

  test("another problem is said again", () => {
    const logger = new FakeLogger();
    const file = new SecretFile(path, "token_file", logger);
    remove();
    file.token();
    writeFileSync(path, "");
    file.token();
    file.token();
    assert.deepEqual(logger.levels(), ["warn", "warn", "debug"]);
  });
});

suite("the text of a token", () => {
  test("is one word of printable ASCII, with white space and a byte order mark around it at most", () => {
    const word = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join("");
    for (const text of [word, `${word}\r\n`, `\n \t${word} \n`, `\uFEFF${word}\n`]) {
      assert.equal(tokenIn(Buffer.from(text)), word);
    }
    assert.equal(tokenIn(Buffer.from("x".repeat(4_096))).length, 4_096);
    assert.equal(tokenIn(Buffer.from("\uFEFF\n")), "");
  });

  test("says where it is not, counted from the first byte of the file", () => {
    const rows: [string, string][] = [
      ["\uFEFF\nab c", "byte 7 is white space"],
      ["a\u007Fb", "byte 2 is a control character"],
      ["a\u00A0b", "byte 2 is not ASCII"],
      ["\u00A0", "byte 1 is not ASCII"],
      ["a\r\nb", "byte 2 is a line end"],
      ["x".repeat(4_097), "it has 4097 bytes, expected at most 4096"],
    ];
    for (const [text, message] of rows) {
      assert.throws(() => tokenIn(Buffer.from(text)), { name: "TokenError", message });
    }
  });
});

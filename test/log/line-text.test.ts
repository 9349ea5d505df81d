import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { lineText, textOf } from "../../src/log/line-text.ts";

const LINE = { level: "warn", time: "2026-11-22T12:00:00.000Z", name: "agent.dns", msg: "message" };

/** The line with these fields, as machines read it. */
function written(fields: object): Record<string, unknown> {
  return JSON.parse(lineText(JSON.stringify({ ...LINE, ...fields }), "json")) as Record<string, unknown>;
}

test("text is what operators of Consul and Nomad read", () => {
  assert.equal(
    textOf({ ...LINE, server: "10.0.0.1:4647", reason: "connection refused", count: 3 }),
    '2026-11-22T12:00:00.000Z [WARN]  agent.dns: message: server=10.0.0.1:4647 reason="connection refused" count=3\n',
  );
  assert.equal(textOf({ ...LINE, level: "error" }), "2026-11-22T12:00:00.000Z [ERROR] agent.dns: message\n");
});

test("an error is its message; a line break never breaks the line", () => {
  const text = textOf({ ...LINE, err: { type: "Error", message: "one\ntwo", stack: "…" } });
  assert.equal(text.split("\n").length, 2);
  assert.match(text, /err="one\\ntwo"/);
});

test("a key that pino wrote twice stands once, with its later value", () => {
  const pinos = '{"level":"warn","time":"now","name":"agent","name":"agent.dns","msg":"message"}\n';
  assert.equal(lineText(pinos, "json"), '{"level":"warn","time":"now","name":"agent.dns","msg":"message"}\n');
});

suite("text from outside is one printable line, in both formats and wherever it stands", () => {
  const hostile: [string, string, string][] = [
    ["a line end", "a\nb", "u{a}"],
    ["an escape sequence", "\u001b[31mred", "u{1b}"],
    ["C1: a control sequence of one character", "\u009b31m", "u{9b}"],
    ["a text that turns around", "abc\u202etxt", "u{202e}"],
    ["an isolate", "\u2066abc", "u{2066}"],
    ["a line separator", "a\u2028b", "u{2028}"],
    ["a paragraph separator", "a\u2029b", "u{2029}"],
    ["a byte order mark", "\ufeffabc", "u{feff}"],
    ["half a character", "\ud800", "u{d800}"],
    ["a NUL, a bell and DEL", "\u0000\u0007\u007f", "u{7f}"],
  ];
  for (const [what, text, escaped] of hostile) {
    for (const format of ["json", "text"] as const) {
      test(`${what}, ${format}`, () => {
        const fields = {
          reason: text,
          [text]: 1,
          list: [text],
          err: { message: text, stack: `${text}\n at x` },
        };
        const line = lineText(JSON.stringify({ ...LINE, name: text, msg: text, ...fields }), format);
        assert.match(line, /^[^\p{C}\u2028\u2029]+\n$/u);
        assert.ok(line.split(escaped).length - 1 >= 6, line);
      });
    }
  }
});

suite("a line is bounded", () => {
  const long = "x".repeat(1_000_000);
  const rows: [string, object][] = [
    ["a long text", { leader: long }],
    ["a long message", { msg: long }],
    ["a long key", { [long]: 1 }],
    [
      "many keys",
      Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key${n}`, long.slice(0, 99)])),
    ],
    ["a long list", { servers: Array.from({ length: 10_000 }, (_, n) => `10.0.0.1:${n}`) }],
    [
      "lists in lists",
      { servers: Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => long.slice(0, 500))) },
    ],
    ["a deep mapping", { deep: JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`) as unknown }],
    ["a long error", { err: { message: long, stack: `${long}\n`.repeat(10) } }],
  ];
  for (const [what, fields] of rows) {
    for (const format of ["json", "text"] as const) {
      test(`${what}, ${format}`, () => {
        const line = lineText(JSON.stringify({ ...LINE, ...fields }), format);
        assert.ok(line.length <= 16_385, `${line.length} characters`);
        assert.match(line, /2026-11-22T12:00:00\.000Z/);
      });
    }
  }

  test("what is cut says so", () => {
    const servers = Array.from({ length: 23 }, (_, n) => n);
    const line = written({ servers, reason: long });
    assert.deepEqual(line["servers"], [...servers.slice(0, 20), "… and 3 more"]);
    assert.equal(line["reason"], `${"x".repeat(1000)}…`);
  });
});

test("a stack trace is a list of its lines", () => {
  const stack = "TypeError: not expected\n    at one\n    at two";
  assert.deepEqual(written({ err: { message: "m", stack } })["err"], {
    message: "m",
    stack: ["TypeError: not expected", "    at one", "    at two"],
  });
});

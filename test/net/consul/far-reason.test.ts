import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { refusalText } from "../../../src/net/consul/far-reason.ts";
import { quoteWithout } from "../../../src/net/consul/quotation.ts";

const SECRET = "6f1d2c3b-0000-4000-8000-5ec5e7000001";

function told(status: number, body: string | Buffer, location?: string): string {
  return refusalText({ status, body: Buffer.from(body), location }, quoteWithout(SECRET));
}

suite("the reason of a refusal is what the far side says", () => {
  const denied =
    "rpc error making call: Permission denied: token with AccessorID '00000000-0000-0000-0000-000000000002' lacks permission 'service:read' on \"web\"";
  const rows: [status: number, body: string | Buffer, told: string][] = [
    [403, denied, `403: ${denied}`],
    [500, "No cluster leader\n", "500: No cluster leader"],
    [
      400,
      "Failed to create boolean expression:\n  1:5\tno match",
      "400: Failed to create boolean expression: 1:5 no match",
    ],
    [429, "", "429: too many requests"],
    [504, " \r\n", "504: gateway timeout"],
    [599, "", "599: no reason given"],
    [500, '{"error":"no leader"}', "500: no leader"],
    [500, '{"Code":5,"Message":"no leader"}', "500: no leader"],
    [500, '{"errors":[{"detail":"no leader"},{"detail":"nor quorum"}]}', "500: no leader"],
    [500, '"no leader"', "500: no leader"],
    [500, '{"code":7}', '500: {"code":7}'],
    [500, "[1", "500: [1"],
    [500, "{}", "500: {}"],
    [
      502,
      "<html>\r\n<head><title>502 Bad Gateway</title></head><body><h1>oh</h1></body>",
      "502: 502 Bad Gateway",
    ],
    [
      503,
      "<!DOCTYPE html><style>p{}</style><p>No server is\n<b>available</b>",
      "503: No server is available",
    ],
    [503, "<html></html>", "503: service unavailable"],
    [500, Buffer.from([0x6e, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x6f]), "500: n\\u{1b}[31mo"],
    [500, `no\u202e \u009b`, "500: no\\u{202e} \\u{9b}"],
  ];
  for (const [status, body, expected] of rows) {
    test(JSON.stringify(expected), () => {
      assert.equal(told(status, body), `Consul answers ${expected}`);
    });
  }
  test("a redirect says where to, without the query", () => {
    assert.equal(
      told(302, "", "https://login.example/in?ticket=1"),
      "Consul answers 302: found, https://login.example/in",
    );
  });
});

suite("whatever a refusal holds", () => {
  const long = "x".repeat(100_000);
  const bodies = [
    long,
    `{"error":"${long}"}`,
    `<title>${long}`,
    "<".repeat(100_000),
    "<!--".repeat(30_000),
    "[".repeat(100_000),
    "\u001b".repeat(100_000),
    " ".repeat(100_000),
  ];
  test("its reason is short, one line, and soon found", () => {
    const before = process.threadCpuUsage();
    for (const body of bodies) {
      const text = told(500, body);
      assert.ok(text.length < 300 * 7, `${text.length} characters of ${body.slice(0, 10)}`);
      assert.doesNotMatch(text, /\p{Cc}/u);
    }
    // Processor time in microseconds: waiting for a turn on a busy machine does not count.
    assert.ok(process.threadCpuUsage(before).user < 5_000_000);
  });

  test("the token is not in it, nor a half of it where the text is cut", () => {
    const halves = new RegExp(SECRET.slice(0, 8), "i");
    for (let before = 250; before < 310; before += 1) {
      assert.doesNotMatch(told(403, `${"x".repeat(before)}${SECRET} no`), halves);
      assert.doesNotMatch(told(403, `${"x".repeat(before + 3_780)}${SECRET} no`), halves);
    }
    for (const form of [SECRET.toUpperCase(), `{"error":"${SECRET}"}`, `<title>${SECRET}`]) {
      assert.doesNotMatch(told(403, form), halves);
    }
    const odd = 'a"b\\c/d e';
    const quoted = refusalText(
      { status: 500, body: Buffer.from(JSON.stringify([odd, encodeURIComponent(odd)])), location: undefined },
      quoteWithout(odd),
    );
    assert.equal(quoted, "Consul answers 500: <hidden>");
  });
});

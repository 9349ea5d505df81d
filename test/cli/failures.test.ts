/** How a command ends that can't do what it is asked to: one line, one code, and with `--json` one document. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { freePort } from "../../scripts/lab/free-port.ts";
import { programEnd } from "../support/program-run.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-failures-"));
after(() => {
  rmSync(directory, { recursive: true });
});

suite("3: no agent answers", () => {
  test("because nobody listens", async (t) => {
    const port = await freePort();
    const line = `no agent at http://127.0.0.1:${port}: connection refused; start it or pass --address`;
    for (const args of [["status"], ["servers"], ["explain"], ["events"], ["events", "--follow"]]) {
      const end = await programEnd(t, [...args, "--address", `127.0.0.1:${port}`]);
      assert.deepEqual(end, { code: 3, stdout: "", stderr: `headwaiter: ${line}\n` }, args.join(" "));
    }
    const { code, stderr, stdout } = await programEnd(t, ["servers", "--json"], {
      environment: { HEADWAITER_HTTP_ADDR: `http://127.0.0.1:${port}` },
    });
    assert.deepEqual(JSON.parse(stdout), { error: line, code: "unreachable" });
    assert.deepEqual({ code, stderr }, { code: 3, stderr: `headwaiter: ${line}\n` });
  });

  test("because there is no such socket", async (t) => {
    const socket = join(directory, "absent.sock");
    assert.deepEqual(await programEnd(t, ["status", "--address", `unix://${socket}`]), {
      code: 3,
      stdout: "",
      stderr: `headwaiter: no agent at unix://${socket}: no such socket; start it or pass --address\n`,
    });
  });

  test("because it does not within the timeout", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.instead = () => undefined;
    for (const args of [["status"], ["events", "--follow"]]) {
      const begin = performance.now();
      const end = await programEnd(t, [...args, "--address", api.url, "--timeout", "300ms"]);
      assert.equal(
        end.stderr,
        `headwaiter: no agent at ${api.url}: no answer within 300 ms; start it or pass --address\n`,
      );
      assert.equal(end.code, 3);
      assert.ok(performance.now() - begin < 5_000, "not after the default of 5 s");
    }
  });

  test("but something else", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const rows: [number, string, string][] = [
      [200, "<html>", "expected a JSON object from /v1/agent/status"],
      [404, "<html>", "status 404 without an error in JSON"],
    ];
    for (const [status, body, what] of rows) {
      api.instead = (_request, response) => {
        response.statusCode = status;
        response.end(body);
      };
      const { code, stderr } = await programEnd(t, ["status", "--address", api.url]);
      assert.equal(stderr, `headwaiter: what answers at ${api.url} is no agent: ${what}\n`);
      assert.equal(code, 3);
    }
  });

  test("but something that does not speak HTTP", async (t) => {
    const server = createServer((socket) => socket.on("error", () => undefined).end("220 mail\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const { code, stderr } = await programEnd(t, ["status", "--address", `127.0.0.1:${port}`]);
    assert.match(stderr, /^headwaiter: what answers at \S+ is no agent: it does not speak HTTP\n$/);
    assert.equal(code, 3);
  });
});

suite("what the agent refuses ends with its own words", () => {
  const rows: [number, string, number][] = [
    [400, "bad-query", 1],
    [403, "token-refused", 4],
    [403, "host-refused", 4],
    [404, "unknown-route", 1],
    [409, "reload-running", 2],
    [422, "config-invalid", 2],
    [429, "rate-limited", 2],
    [500, "internal", 1],
    [503, "too-many-waiters", 2],
  ];
  for (const [status, code, exitCode] of rows) {
    test(`${status} ${code}: ${exitCode}`, async (t) => {
      const api = await ScriptedAgentApi.start(t);
      api.instead = (_request, response) => {
        api.refuse(response, status, code, "in short: no");
      };
      const end = await programEnd(t, ["servers", "--json", "--address", api.url]);
      assert.deepEqual(JSON.parse(end.stdout), { error: "in short: no", code });
      assert.equal(end.stderr, "headwaiter: in short: no\n");
      assert.equal(end.code, exitCode);
    });
  }

  test("a pool that is none", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    for (const command of ["servers", "explain"]) {
      const { code, stderr } = await programEnd(t, [command, "--pool", "a/b?c", "--address", api.url]);
      assert.equal(stderr, 'headwaiter: no pool "a/b?c": expected one of nomad\n');
      assert.equal(code, 1);
    }
  });
});

suite("1: wrong use", () => {
  const rows: [string[], RegExp][] = [
    [["status", "--nonsense"], /^error: unknown option '--nonsense'\n$/],
    [
      ["status", "--timeout", "5"],
      /^error: option '--timeout <duration>' argument '5' is invalid\. Expected a duration/,
    ],
    [["status", "--timeout", "0s"], /Expected a duration such as 500ms/],
    [["status", "--color", "blue"], /Allowed choices are auto, always, never/],
    [["events", "--min-severity", "bad"], /Allowed choices are info, warn, error/],
    [["completion", "csh"], /Allowed choices are bash, zsh, fish/],
    [["debug"], /required option '-o, --output <file>' not specified/],
    [["statuss"], /^error: unknown command 'statuss' \(Did you mean status\?\)\n$/],
    [
      ["status", "--address", "https://a"],
      /^headwaiter: --address: expected http:\/\/host:port or unix:\/\/\/path/,
    ],
    [["status", "--address", "http://u:S3CRET@a"], /^headwaiter: --address: expected http:/],
    [["status", "--address", "http://a/b"], /without credentials, path or query\n$/],
    [
      ["wait", "--head", "10.0.0.1:x"],
      /^headwaiter: --head: server address "10\.0\.0\.1:x": expected a port/,
    ],
    [["wait"], /expected one of --ready, --head-changes and --head\n$/],
    [["wait", "--ready", "--head-changes"], /expected one of --ready, --head-changes and --head\n$/],
    [
      ["status", "--token-file", join(directory, "absent.token")],
      /absent\.token: expected a readable file: no such/,
    ],
  ];
  for (const [args, message] of rows) {
    test(args.join(" ").replace(directory, ""), async (t) => {
      const { code, stderr, stdout } = await programEnd(t, args);
      assert.match(stderr, message);
      assert.match(stderr, /^[^\n]+\n$/);
      assert.doesNotMatch(stderr, /S3CRET/);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
      const withJson = await programEnd(t, [...args, "--json"]);
      const document = JSON.parse(withJson.stdout) as { error: string; code: string };
      assert.deepEqual(Object.keys(document), ["error", "code"]);
      assert.equal(document.code, "bad-use");
      assert.equal(withJson.stdout.split("\n").length, 2);
      assert.equal(withJson.code, 1);
    });
  }

  test("a variable with a bad address is named", async (t) => {
    const { code, stderr } = await programEnd(t, ["status"], {
      environment: { HEADWAITER_HTTP_ADDR: "ftp://a" },
    });
    assert.match(stderr, /^headwaiter: environment HEADWAITER_HTTP_ADDR: expected http:/);
    assert.equal(code, 1);
  });
});

suite("the token", () => {
  const file = join(directory, "http.token");

  test("goes to the agent, from a flag before the environment", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    writeFileSync(file, "  of-the-flag\n");
    const other = join(directory, "other.token");
    writeFileSync(other, "of-the-environment");
    const environment = { HEADWAITER_HTTP_TOKEN_FILE: other, HEADWAITER_HTTP_ADDR: api.url };
    await programEnd(t, ["status"], { environment });
    await programEnd(t, ["status", "--token-file", file], { environment });
    await programEnd(t, ["status"], {
      environment: { HEADWAITER_HTTP_TOKEN_FILE: "", HEADWAITER_HTTP_ADDR: api.url },
    });
    assert.deepEqual(
      api.asked.map(({ headers }) => headers.authorization),
      ["Bearer of-the-environment", "Bearer of-the-flag", undefined],
    );
  });

  test("is not shown when its file is none", async (t) => {
    for (const text of ["", "two words"]) {
      writeFileSync(file, text);
      const { code, stderr } = await programEnd(t, ["status", "--token-file", file]);
      assert.match(stderr, /^headwaiter: --token-file: \S+http\.token: expected a file with a token: .+\n$/);
      assert.doesNotMatch(stderr, /words/);
      assert.equal(code, 1);
    }
  });
});

test("a unix socket is an address", async (t) => {
  const api = await ScriptedAgentApi.start(t, join(directory, "agent.sock"));
  const end = await programEnd(t, ["status", "--address", api.url]);
  assert.deepEqual(end, { code: 0, stdout: "ok\n", stderr: "" });
  assert.equal(api.asked[0]?.headers.host, "localhost");
});

test("a fault of our own is told with where it is, and is a document as well", async (t) => {
  const fault =
    'Object.defineProperty(process.stdout, "isTTY", { get() { throw new TypeError("planted"); } });';
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}` };
  const { code, stderr, stdout } = await programEnd(t, ["status", "--json"], { environment });
  assert.deepEqual(JSON.parse(stdout), { error: "planted", code: "internal" });
  assert.match(stderr, /^headwaiter: TypeError: planted\n +at /);
  assert.equal(code, 1);
});

/** Requests that nobody means well: refused with the right status, or closed; the next client is served as ever. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { duplicateKey } from "../../../src/core/duplicate-key.ts";
import { HttpServer } from "../../../src/views/http/http-server.ts";
import { ask } from "../../support/http-client.ts";
import { fakePool, httpOptions } from "../../support/http-fixtures.ts";

async function serving(t: TestContext) {
  const taken: object[] = [];
  const take = (heartbeat: object) => {
    taken.push(heartbeat);
    return Promise.resolve([]);
  };
  const pools = new Map([["web", fakePool("web", { pushed: { take } })]]);
  const server = new HttpServer(httpOptions({ pools }));
  await server.start();
  t.after(() => server.stop());
  return { port: server.address()?.port ?? 0, taken };
}

/** What comes back for these bytes until the connection is closed. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => undefined);
  socket.end(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}

const HOST = "host: 127.0.0.1\r\nconnection: close\r\n";

/** What is sent, and the statuses of all answers to it. */
const ROWS: readonly (readonly [what: string, bytes: string, statuses: readonly number[]])[] = [
  ["a way up", `GET /v1/../v1/agent/health HTTP/1.1\r\n${HOST}\r\n`, [404]],
  ["an encoded way up", `GET /v1/%2e%2e/v1/agent/health HTTP/1.1\r\n${HOST}\r\n`, [404]],
  ["an encoded slash", `GET /v1%2fagent%2fhealth HTTP/1.1\r\n${HOST}\r\n`, [404]],
  ["two slashes", `GET /v1//agent/health HTTP/1.1\r\n${HOST}\r\n`, [404]],
  ["a NUL in the path", `GET /v1/pools/web%00 HTTP/1.1\r\n${HOST}\r\n`, [404]],
  ["a broken escape", `GET /v1/pools/%zz HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ["another server's address", `GET http://evil.example/v1/agent/health HTTP/1.1\r\n${HOST}\r\n`, [403]],
  ["our own address", `GET http://127.0.0.1/v1/agent/health HTTP/1.1\r\n${HOST}\r\n`, [200]],
  ["CONNECT", `CONNECT evil.example:80 HTTP/1.1\r\n${HOST}\r\n`, []],
  ["TRACE", `TRACE /v1/agent/health HTTP/1.1\r\n${HOST}\r\n`, [405]],
  ["no host", "GET /v1/agent/health HTTP/1.1\r\nconnection: close\r\n\r\n", [400]],
  ["two hosts", `GET /v1/agent/health HTTP/1.1\r\nhost: evil.example\r\n${HOST}\r\n`, [403]],
  [
    "a length and chunks at once, with a request inside",
    `PUT /v1/pools/web/heartbeat HTTP/1.1\r\n${HOST}content-type: application/json\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/agent/self HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
    [400],
  ],
  [
    "two lengths",
    `PUT /v1/pools/web/heartbeat HTTP/1.1\r\n${HOST}content-type: application/json\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} `,
    [400],
  ],
  ["a header that is folded", `GET /v1/agent/health HTTP/1.1\r\n${HOST}x: 1\r\n 2\r\n\r\n`, [400]],
  ["a header's name with a space", `GET /v1/agent/health HTTP/1.1\r\n${HOST}x : 1\r\n\r\n`, [400]],
  ["no HTTP at all", "\u0016\u0003\u0001\u0002\r\n\r\n", [400]],
];

suite("hostile requests", () => {
  for (const [what, bytes, statuses] of ROWS) {
    test(what, async (t) => {
      const { port, taken } = await serving(t);
      assert.deepEqual(statusesOf(await exchange(port, bytes)), statuses);
      assert.deepEqual(taken, []);
      assert.equal((await ask(`127.0.0.1:${port}`, "/v1/agent/health")).status, 200);
    });
  }

  const BODY = '{"servers":[],"leader":"","ttl_seconds":30}';
  const bodies: readonly (readonly [what: string, body: string, code: string, status: number])[] = [
    ["a key twice", BODY.replace("{", '{"leader":"10.0.0.9:1",'), "bad-body", 400],
    [
      "a key twice, spelled in another way",
      BODY.replace("{", '{"l\\u0065ader":"10.0.0.9:1",'),
      "bad-body",
      400,
    ],
    ["500,000 arrays in one another", "[".repeat(500_000) + "]".repeat(500_000), "bad-body", 400],
    ["100,000 objects in one another", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, "bad-body", 400],
    ["more than 1 MiB", `"${"x".repeat(1_100_000)}"`, "too-large", 413],
    ["nothing", "", "bad-body", 400],
  ];
  for (const [what, body, code, status] of bodies) {
    test(`a body with ${what}`, async (t) => {
      const { port, taken } = await serving(t);
      const reply = await ask(`127.0.0.1:${port}`, "/v1/pools/web/heartbeat", { method: "PUT", body });
      assert.deepEqual([reply.status, (reply.json() as { code: string }).code], [status, code]);
      assert.deepEqual(taken, []);
      assert.ok(reply.text.length < 1_000);
    });
  }

  test("the same key in different objects is none twice", () => {
    assert.equal(duplicateKey('{"a":{"a":1},"b":[{"a":"a"},{"a":"\\"a\\":"}],"c":"a"}'), undefined);
    assert.equal(duplicateKey('{"a":[1,{"b":2,"b":3}]}'), "b");
    assert.equal(duplicateKey('["a","a"]'), undefined);
  });

  test("a page of another site and a rebound name reach no route", async (t) => {
    const { port } = await serving(t);
    const address = `127.0.0.1:${port}`;
    const { paths } = (await ask(address, "/v1/openapi.json")).json() as { paths: Record<string, object> };
    for (const path of Object.keys(paths)) {
      for (const headers of [{ origin: "http://evil.example" }, { host: "evil.example" }]) {
        const { status } = await ask(address, path.replace("{pool}", "web"), { headers });
        assert.equal(status, 403, path);
      }
    }
  });
});

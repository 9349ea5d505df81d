import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { HttpServer } from "../../../src/views/http/http-server.ts";
import { ask, open } from "../../support/http-client.ts";
import { httpOptions } from "../../support/http-fixtures.ts";

const HTML = "<!doctype html>\n<title>headwaiter</title>\n";
const SCRIPT = `console.log("${"the page ".repeat(100)}");\n`;

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/** A server whose page is in a folder of its own. */
async function serving(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  writeFileSync(join(folder, "index.html"), HTML);
  writeFileSync(join(folder, "page.js"), SCRIPT);
  writeFileSync(join(folder, "page.js.gz"), gzipSync(SCRIPT));
  writeFileSync(join(folder, "page.css"), "body { margin: 0 }\n");
  writeFileSync(join(folder, "other.txt"), "not of the page\n");
  const server = new HttpServer(httpOptions({ pageFolder: folder }));
  await server.start();
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  return { address: `127.0.0.1:${server.address()?.port ?? 0}`, folder };
}

test("/ and /ui lead to the page", async (t) => {
  const { address } = await serving(t);
  for (const path of ["/", "/ui"]) {
    const { headers, status } = await ask(address, path);
    assert.deepEqual([path, status, headers.location], [path, 302, "/ui/"]);
  }
});

for (const [path, type, body] of [
  ["/ui/", "text/html; charset=utf-8", HTML],
  ["/ui/?from=a-link", "text/html; charset=utf-8", HTML],
  ["/ui/page.js", "text/javascript; charset=utf-8", SCRIPT],
  ["/ui/page.css", "text/css; charset=utf-8", "body { margin: 0 }\n"],
] as const) {
  test(`GET ${path} is ${type}, with the headers that keep everything else out`, async (t) => {
    const { address } = await serving(t);
    const reply = await ask(address, path);
    assert.equal(reply.status, 200);
    assert.equal(reply.text, body);
    assert.equal(reply.headers["content-type"], type);
    assert.equal(reply.headers["content-security-policy"], POLICY);
    assert.equal(reply.headers["x-content-type-options"], "nosniff");
    assert.equal(reply.headers["referrer-policy"], "no-referrer");
    assert.equal(reply.headers["cache-control"], "no-cache");
  });
}

test("HEAD has the headers of GET and no body", async (t) => {
  const { address } = await serving(t);
  const reply = await ask(address, "/ui/page.js", { method: "HEAD" });
  assert.deepEqual(
    [reply.status, reply.text, reply.headers["content-length"]],
    [200, "", String(SCRIPT.length)],
  );
});

test("what a browser has already is not sent again, until it differs", async (t) => {
  const { address, folder } = await serving(t);
  const { etag = "" } = (await ask(address, "/ui/")).headers;
  const again = (tag: string) => ask(address, "/ui/", { headers: { "if-none-match": tag } });
  const same = await again(`"other", W/${etag}`);
  assert.deepEqual([same.status, same.text, same.headers.etag], [304, "", etag]);
  writeFileSync(join(folder, "index.html"), "another version\n");
  const changed = await again(etag);
  assert.deepEqual([changed.status, changed.text], [200, "another version\n"]);
});

test("whoever takes gzip is sent less, with a tag of its own", async (t) => {
  const { address } = await serving(t);
  const plain = await ask(address, "/ui/page.js");
  for (const coding of ["gzip", "br, gzip;q=0.5"]) {
    const zipped = await zippedScript(address, coding);
    assert.equal(zipped.headers["content-encoding"], "gzip");
    assert.equal(zipped.headers.vary, "accept-encoding");
    assert.notEqual(zipped.headers.etag, plain.headers.etag);
    assert.equal(gunzipSync(zipped.body).toString(), SCRIPT);
  }
  for (const coding of ["br", "gzip;q=0", "gzipped"]) {
    const { headers } = await ask(address, "/ui/page.js", { headers: { "accept-encoding": coding } });
    assert.equal(headers["content-encoding"], undefined, coding);
  }
});

test("other files, and paths out of the folder, are not there", async (t) => {
  const { address } = await serving(t);
  for (const path of [
    "/ui/other.txt",
    "/ui/page.js.gz",
    "/ui/../package.json",
    "/ui/%2e%2e/x",
    "/ui/page.js/",
  ]) {
    const reply = await ask(address, path);
    assert.deepEqual([path, reply.status, codeIn(reply)], [path, 404, "unknown-route"]);
  }
});

test("other methods are refused, with those that there are", async (t) => {
  const { address } = await serving(t);
  for (const path of ["/", "/ui", "/ui/", "/ui/page.css"]) {
    const reply = await ask(address, path, { method: "POST" });
    assert.deepEqual([reply.status, codeIn(reply), reply.headers.allow], [405, "method", "HEAD, GET"]);
  }
  assert.equal((await ask(address, "/ui/nothing", { method: "POST" })).status, 404);
});

test("a foreign page and a foreign name are refused, as by every route", async (t) => {
  const { address } = await serving(t);
  const refused = await Promise.all([
    ask(address, "/ui/", { headers: { host: "evil.example" } }),
    ask(address, "/ui/", { headers: { origin: "http://evil.example" } }),
  ]);
  assert.deepEqual(refused.map(codeIn), ["host-refused", "origin-refused"]);
});

test("the page is read when it is asked for: one that is not built is no such path until it is", async (t) => {
  const { address, folder } = await serving(t);
  rmSync(join(folder, "page.css"));
  const reply = await ask(address, "/ui/page.css");
  assert.equal(reply.status, 404);
  assert.match((reply.json() as { error: string }).error, /comes with the built program/);
  writeFileSync(join(folder, "page.css"), "p {}\n");
  assert.equal((await ask(address, "/ui/page.css")).text, "p {}\n");
});

function codeIn(reply: Awaited<ReturnType<typeof ask>>): string {
  return (reply.json() as { code: string }).code;
}

async function zippedScript(address: string, coding: string) {
  const response = await open(address, "/ui/page.js", { headers: { "accept-encoding": coding } });
  return { headers: response.headers, body: Buffer.concat(await response.toArray()) };
}

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { ConsulClient, type ConsulClientOptions } from "../../../src/net/consul/consul-client.ts";
import { ConsulError } from "../../../src/net/consul/consul-error.ts";
import { issue, makeAuthority } from "../../support/certificates.ts";

suite("a Consul that speaks TLS", () => {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-consul-tls-"));
  const caFile = join(directory, "ca.pem");
  const servers: Server[] = [];
  const tokens: unknown[] = [];
  let named = "";
  let numbered = "";

  before(async () => {
    const authority = await makeAuthority("ours");
    writeFileSync(caFile, authority.cert);
    const listen = async (name: string) => {
      const server = createServer(await issue(authority, name), (request, response) => {
        tokens.push(request.headers["x-consul-token"]);
        response.writeHead(200, { "content-type": "application/json" }).end('["dc1"]');
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    named = await listen("server.dc1.consul");
    numbered = await listen("127.0.0.1");
  });
  after(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(directory, { recursive: true });
  });

  async function ask(options: ConsulClientOptions): Promise<readonly string[]> {
    await using client = new ConsulClient({ token: "secret", ...options });
    return await client.datacenters({ deadlineMs: 10_000, signal: new AbortController().signal });
  }

  test("is known by the name to expect, also by an address, and by no other", async () => {
    assert.deepEqual(await ask({ address: named, caFile, serverName: "server.dc1.consul" }), ["dc1"]);
    assert.deepEqual(await ask({ address: numbered, caFile, serverName: "127.0.0.1" }), ["dc1"]);
    assert.deepEqual(await ask({ address: numbered, caFile }), ["dc1"]);
    tokens.length = 0;
    for (const serverName of ["server.dc2.consul", "127.0.0.2"]) {
      await assert.rejects(ask({ address: named, caFile, serverName }), { code: "tls" });
      await assert.rejects(ask({ address: numbered, caFile, serverName }), { code: "tls" });
    }
    assert.deepEqual(tokens, []);
  });

  test("is not verified when it need not be, and otherwise whatever a variable of Node's says", async () => {
    assert.deepEqual(await ask({ address: named, verify: false }), ["dc1"]);
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    tokens.length = 0;
    await assert.rejects(ask({ address: named }), { code: "tls" });
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    assert.deepEqual(tokens, []);
  });

  test("keeps the last certificates when other contents of their files can't be used, and says which", async () => {
    const copy = join(directory, "copy.pem");
    copyFileSync(caFile, copy);
    const options = { address: numbered, caFile: copy, token: "secret" };
    await using client = new ConsulClient(options);
    const asked = () => client.datacenters({ deadlineMs: 10_000, signal: new AbortController().signal });
    await asked();
    for (const break_ of [
      () => {
        writeFileSync(copy, "half of a -----BEGIN");
      },
      () => {
        rmSync(copy);
      },
    ]) {
      break_();
      assert.throws(
        () => client.prepare(options),
        (error) => error instanceof ConsulError && error.code === "tls-file" && error.message.includes(copy),
      );
      assert.deepEqual(await asked(), ["dc1"]);
    }
    copyFileSync(caFile, copy);
    client.prepare(options)();
    assert.deepEqual(await asked(), ["dc1"]);
  });
});

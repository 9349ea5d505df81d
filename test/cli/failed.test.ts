/** `headwaiter failed`, before a real agent. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ask } from "../support/http-client.ts";
import { programEnd } from "../support/program-run.ts";
import { RealAgent } from "../support/real-agent.ts";
import { WEB } from "../support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";
import { scriptedServer } from "../support/scripted-server.ts";

suite("headwaiter failed", () => {
  test("2 when the server answers, 0 when it is confirmed or noted, 1 for none of the list", async (t) => {
    const servers = [await scriptedServer(t, () => undefined), await scriptedServer(t, () => undefined)];
    const web = { servers: servers.map(({ address }) => address), ping: "tcp", backups: null };
    const quiet = { servers: ["10.0.0.1:80"], ping: "none", backups: null };
    const agent = await RealAgent.start(t, { config: { pools: { web, quiet } } });
    const failed = (...args: string[]) =>
      programEnd(t, ["failed", ...args], {
        environment: { HEADWAITER_HTTP_ADDR: `127.0.0.1:${agent.ports.http}` },
      });
    const wait = await programEnd(t, ["wait", "--ready"], {
      environment: { HEADWAITER_HTTP_ADDR: `127.0.0.1:${agent.ports.http}` },
    });
    assert.equal(wait.code, 0);
    const [unpooled, noted] = await Promise.all([
      failed("10.0.0.1:80"),
      failed("10.0.0.1:80", "--pool", "quiet"),
    ]);
    assert.deepEqual(
      [unpooled.code, unpooled.stderr],
      [1, "headwaiter: expected --pool, one of web, quiet\n"],
    );
    assert.equal(noted.code, 0);
    assert.match(noted.stdout, /^noted: ping: none: no server is asked; the head is 10\.0\.0\.1:80\n$/);

    const [unlisted, noAddress] = await Promise.all([
      failed("10.9.9.9:1", "--pool", "web", "--json"),
      failed("no where", "--pool", "web"),
    ]);
    assert.deepEqual(
      [unlisted.code, (JSON.parse(unlisted.stdout) as { code: string }).code],
      [1, "unknown-server"],
    );
    assert.deepEqual([noAddress.code, noAddress.stdout], [1, ""]);
    assert.match(noAddress.stderr, /^headwaiter: server address "no where": .*\n$/);

    const shown = await ask(`127.0.0.1:${agent.ports.http}`, "/v1/pools/web");
    const head = (shown.json() as { head: { address: string } }).head.address;
    const refuted = await failed(head, "--pool", "web", "--json");
    assert.equal(refuted.code, 2, refuted.stderr);
    const { checked_ms, ...answer } = JSON.parse(refuted.stdout) as { checked_ms: number };
    assert.deepEqual(answer, {
      verdict: "refuted",
      head,
      text: `it answered the agent within ${checked_ms} ms`,
    });
  });

  test("takes the one configured pool for granted, whatever questions have started", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("db", { ...WEB, name: "db", on_demand: true });
    api.pools.set("blue.db", { ...WEB, name: "blue.db", on_demand: true });
    const failed = () => programEnd(t, ["failed", "10.9.9.9:1", "--address", api.url]);
    await failed();
    assert.equal(api.asked.at(-1)?.path, "/v1/pools/nomad/servers/10.9.9.9%3A1/failed");
    api.pools.delete("nomad");
    const several = await failed();
    assert.deepEqual(
      [several.code, several.stderr],
      [1, "headwaiter: expected --pool, one of db, blue.db\n"],
    );
  });

  test("sends what it is told, and shows what the agent says: printable", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    let sent = "";
    api.instead = (request, response) => {
      request.setEncoding("utf8").on("data", (text: string) => {
        sent += text;
      });
      request.on("end", () => {
        response.statusCode = 202;
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({ verdict: "noted", head: null, checked_ms: null, text: "no\u001b[31m" }),
        );
      });
    };
    const options = ["--pool", "web", "--reason", "timeout", "--client", "web-7", "--address", api.url];
    const { code, stdout } = await programEnd(t, ["failed", "[2001:db8::1]:80", ...options]);
    assert.deepEqual([code, stdout], [0, "noted: no\\u{1b}[31m; there is no head\n"]);
    assert.deepEqual(JSON.parse(sent), { reason: "timeout", client: "web-7" });
    assert.equal(api.asked[0]?.path, "/v1/pools/web/servers/%5B2001%3Adb8%3A%3A1%5D%3A80/failed");
  });
});

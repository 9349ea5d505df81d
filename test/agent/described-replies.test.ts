/** Real replies of every route, in many situations, against the schemas that the description of the API is made of. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { STATUS_OF } from "../../src/views/http/api-error.ts";
import { REPLIES, type ReplyName } from "../../src/views/http/schemas/reply-schemas.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { ConsulDriver } from "../support/consul-driver.ts";
import { ask, type HttpReply } from "../support/http-client.ts";
import { ScriptedConsul } from "../support/scripted-consul.ts";
import { closedPort, scriptedServer } from "../support/scripted-server.ts";

interface Described {
  readonly paths: Readonly<
    Record<string, Record<string, { responses: Record<string, { content?: Content }> }>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

type Content = Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;

interface Explained {
  readonly because: readonly { readonly code: string }[];
  readonly next: readonly { readonly code: string }[];
  readonly others: readonly { readonly not_head: readonly { readonly code: string }[] }[];
}

/** Codes of an explanation whose situations are all there at the end of the test below. */
const REAL_CODES = [
  "became-head.first",
  "stays-head.answers",
  "stays-head.no-choice",
  "stays-head.unwatched",
  "listed.claims",
  "mode.outage",
  "mode.contact-held",
  "mode.consul-failing",
  "mode.empty-held",
  "later-in-order",
  "down",
  "penalised",
  "unresolvable",
  "rebalance",
  "penalty-ends",
  "heartbeat-due",
  "contact-lost-at",
  "empty-hold-ends",
  "consul-retry",
  "reconnect",
  "outage-probe",
];

const JSON_BODY = { "content-type": "application/json" };
const JSON_TYPE = "application/json";

/** Fails unless the reply has exactly the members that its schema names. */
function assertIs(name: ReplyName, reply: HttpReply): void {
  const parsed = REPLIES[name].safeParse(reply.json());
  assert.ok(parsed.success, `${name}: ${JSON.stringify(parsed.error?.issues)}: ${reply.text}`);
}

suite("the description of the API", () => {
  test("has a schema for each JSON reply and error of each route, and no schema that no route answers", async (t) => {
    const { http } = await startedAgent(t, { pools: { web: {} } });
    const { components, paths } = (await ask(http, "/v1/openapi.json")).json() as Described;
    const used = new Set<string>();
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { responses }] of Object.entries(methods)) {
        for (const [status, { content }] of Object.entries(responses)) {
          const name = content?.[JSON_TYPE]?.schema.$ref.split("/").at(-1) ?? "";
          if (name === "") {
            assert.ok(["/metrics", "/v1/openapi.json"].includes(path), `${method} ${path}: ${status}`);
          } else {
            assert.notEqual(components.schemas[name], undefined, name);
            used.add(name);
          }
        }
      }
    }
    assert.deepEqual([...used].toSorted(), Object.keys(components.schemas).toSorted());
    assert.deepEqual([...used].toSorted(), [...Object.keys(REPLIES), "Error"].toSorted());
  });

  test("fits what a pool and the agent answer: live, down, empty, fed by Consul and by heartbeats", async (t) => {
    const consul = await ScriptedConsul.start(t);
    const driver = new ConsulDriver(consul.address);
    await driver.register({ id: "far-1", service: "far", port: 7 });
    const server = await scriptedServer(t, () => undefined);
    const second = await scriptedServer(t, () => undefined);
    const down = await closedPort(t);
    const { http } = await startedAgent(t, {
      consul: { address: consul.address },
      pools: {
        web: { servers: [server.address, second.address, `127.0.0.1:${down}`], ping: "tcp", backups: null },
        gone: { servers: [`127.0.0.1:${down}`, "127.0.0.2:9"], ping: "tcp", backups: null },
        far: { ping: "none" },
        named: { servers: ["localhost:80", "no.invalid:80"], ping: "none", backups: null },
        pushed: { heartbeat: "push", ping: "none", backups: null },
        asked: { servers: [`127.0.0.1:${down}`], heartbeat: "nomad", ping: "none", backups: null },
        bare: { ping: "none", backups: null },
      },
    });
    const get = async (name: ReplyName, path: string) => {
      const reply = await ask(http, path);
      assertIs(name, reply);
      return reply.json();
    };
    const stateOf = async (pool: string) =>
      ((await get("Pool", `/v1/pools/${pool}`)) as { state: string }).state;
    const names = ((await get("Self", "/v1/agent/self")) as { pools: string[] }).pools;
    const consulOf = async (pool: string) => {
      const { sources } = (await get("Pool", `/v1/pools/${pool}`)) as {
        sources: Record<string, { state: string; empty_until_at: string | null }>;
      };
      return sources["consul"];
    };
    const codes = new Set<string>();
    const explained = async (name: string) => {
      const path = `/v1/pools/${name}/explain?if=contact-lost&if=consul-empty`;
      const { because, next, others } = (await get("Explanation", path)) as Explained;
      for (const { code } of [...because, ...next, ...others.flatMap(({ not_head: why }) => why)]) {
        codes.add(code);
      }
    };
    const all = async () => {
      await get("Pools", "/v1/pools");
      await get("Ready", "/v1/agent/ready");
      await get("Status", "/v1/agent/status");
      await get("Metrics", "/v1/metrics");
      await get("History", "/v1/history");
      await get("Events", "/v1/events");
      // Of the future: a gap.
      await get("Events", "/v1/events?after=9007199254740991");
      for (const name of names) {
        await get("Pool", `/v1/pools/${name}`);
        await explained(name);
        await get("Events", `/v1/pools/${name}/events`);
        await get("Servers", `/v1/agent/servers?pool=${name}`);
      }
    };
    await get("Health", "/v1/agent/health");
    const { pools } = (await get("Ready", "/v1/agent/ready")) as { pools: Record<string, object> };
    assert.deepEqual(pools["pushed"], { ready: false, waits_for: ["push"], since_at: null });
    await all();
    await until(async () => (await stateOf("gone")) === "outage" && (await stateOf("far")) === "live");
    await driver.deregister("far-1");
    const body = JSON.stringify({
      servers: [{ address: "127.0.0.1:1" }, { address: "no port" }],
      num_nodes: 3,
      leader: "127.0.0.1:1",
      ttl_seconds: 60,
    });
    const put = { method: "PUT", headers: JSON_BODY, body } as const;
    assertIs("HeartbeatTaken", await ask(http, "/v1/pools/pushed/heartbeat", put));
    const added = "/v1/agent/servers?pool=bare&address=127.0.0.1:5&address=nonsense";
    assertIs("AddedServers", await ask(http, added, { method: "PUT" }));
    assertIs("Rebalance", await ask(http, "/v1/pools/web/rebalance", { method: "POST" }));
    for (const address of [server.address, `127.0.0.1:${down}`]) {
      const failed = `/v1/pools/web/servers/${address}/failed`;
      assertIs("Reported", await ask(http, failed, { method: "POST" }));
    }
    assertIs("Reload", await ask(http, "/v1/agent/reload?dry_run=true", { method: "POST" }));
    assertIs("Reload", await ask(http, "/v1/agent/reload", { method: "POST" }));
    await all();
    await until(async () => (await consulOf("far"))?.empty_until_at !== null);
    await consul.close();
    await until(async () => (await consulOf("far"))?.state === "failing");
    await all();
    assert.deepEqual(
      REAL_CODES.filter((code) => !codes.has(code)),
      [],
      "codes of explanations that a real agent came to",
    );
  });

  test("fits a refusal", async (t) => {
    const { http } = await startedAgent(t, { pools: { web: {} } });
    const refused = (await ask(http, "/v1/pools/none")).json() as { code: string };
    assert.deepEqual(Object.keys(refused).toSorted(), ["code", "details", "error"]);
    assert.equal(STATUS_OF[refused.code as keyof typeof STATUS_OF], 404);
  });
});

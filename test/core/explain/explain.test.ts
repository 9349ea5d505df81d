/** Each code of an explanation, in a situation that makes it; and that TXT, HTTP's text and JSON say the same. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { explain } from "../../../src/core/explain/explain.ts";
import type { NotHead } from "../../../src/core/explain/explanation.ts";
import { explanationText } from "../../../src/core/explain/explanation-text.ts";
import type { Facts } from "../../../src/core/explain/facts.ts";
import type { Due, PoolView } from "../../../src/core/pool-view.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import type { TimelineEvent } from "../../../src/core/timeline/timeline-event.ts";
import { headReasonStrings } from "../../../src/views/dns/zone/head-reason.ts";
import { CONFIG, type FakePorts, fakePorts } from "../../support/fake-ports.ts";
import { DNS_ANSWER, unwatchedView } from "../../support/http-fixtures.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;
const NOW = 100_000;
const PATIENCE = { usualMs: 0.5, lateMs: 77.5, silentMs: 155 };
const UP = {
  key: A,
  patience: PATIENCE,
  role: "head",
  phase: "up",
  since: 1,
  lastAnswer: { at: NOW - 200, tookMs: 0.6 },
} as const;

interface World {
  readonly ports: FakePorts;
  readonly proxy: RpcProxy;
}

async function listOf(...servers: readonly string[]): Promise<World> {
  const ports = fakePorts();
  const proxy = new RpcProxy(ports, CONFIG);
  for (const server of servers) {
    await proxy.addPrimaryServer(server);
  }
  return { ports, proxy };
}

function factsOf(
  { proxy }: World,
  view: Partial<PoolView> = {},
  events: readonly TimelineEvent[] = [],
): Facts {
  return {
    view: { ...unwatchedView("nomad", proxy), ...view },
    now: NOW,
    wallNow: NOW,
    index: 7,
    events,
    dns: () => DNS_ANSWER,
  };
}

function event(kind: string, fields: object, index = 5): TimelineEvent {
  return {
    index,
    at: new Date(0).toISOString(),
    pool: "nomad",
    kind,
    severity: "info",
    summary: "",
    ...fields,
  };
}

/** `because`, as code and text. */
type Because = readonly [code: string, text: RegExp, facts: () => Promise<Facts>];

const BECAUSE: readonly Because[] = [
  ["became-head.first", /^a client named it first$/, async () => factsOf(await listOf(A))],
  [
    "became-head.rotation",
    new RegExp(`^${A} failed: refused; ${B} was next$`),
    async () => {
      const world = await listOf(A, B);
      world.proxy.notifyFailedServer(world.proxy.findServer() ?? assert.fail(), {
        source: "health",
        reason: "refused",
      });
      return factsOf(world);
    },
  ],
  [
    "became-head.recovery",
    /was the first to answer after no server did$/,
    async () => {
      const world = await listOf(A, B);
      world.proxy.notifyFailedServer(world.proxy.findServer() ?? assert.fail(), { source: "health" });
      return factsOf(world, {}, [event("outage-ended", { server: B })]);
    },
  ],
  [
    "became-head.rebalance",
    /^a rebalance chose .*, which answered$/,
    async () => {
      const world = await listOf(A, B);
      while (world.proxy.snapshot().headSince?.cause.occurrence !== "rebalanced") {
        await world.proxy.rebalanceServers();
      }
      return factsOf(world);
    },
  ],
  [
    "became-head.failback",
    new RegExp(`^back from backup ${C}: a primary answers again$`),
    async () => {
      const world = await listOf();
      await world.proxy.setBackupServers([C]);
      await world.proxy.addPrimaryServer(A);
      await world.proxy.rebalanceServers({ reason: "a primary answers again", tier: "primary" });
      return factsOf(world);
    },
  ],
  [
    "became-head.removal",
    new RegExp(`^${A} left the list: gone$`),
    async () => {
      const world = await listOf(A, B);
      world.proxy.removeServer(world.proxy.findServer() ?? assert.fail(), { source: "api", reason: "gone" });
      return factsOf(world);
    },
  ],
  [
    "stays-head.answers",
    /^answered 0\.2 s ago in 0\.6 ms, usually in 0\.5 ms; late after 78 ms$/,
    async () => factsOf(await listOf(A), { watched: [UP] }),
  ],
  [
    "stays-head.connecting",
    /^a connection to it is being opened$/,
    async () =>
      factsOf(await listOf(A), {
        watched: [{ key: A, patience: PATIENCE, role: "head", phase: "connecting" }],
      }),
  ],
  [
    "stays-head.no-choice",
    /^it is down \(refused\), and so is every other server$/,
    async () =>
      factsOf(await listOf(A, B), {
        state: "outage",
        watched: [{ key: A, patience: PATIENCE, role: "head", phase: "down", reason: "refused" }],
      }),
  ],
  [
    "stays-head.only-server",
    /^it is down \(refused\), and there is no other server$/,
    async () =>
      factsOf(await listOf(A), {
        watched: [{ key: A, patience: PATIENCE, role: "head", phase: "down", reason: "refused" }],
      }),
  ],
  ["stays-head.unwatched", /^nobody asks it/, async () => factsOf(await listOf(A))],
  [
    "listed.claims",
    /^primary by a client; also by Consul$/,
    async () => {
      const world = await listOf(A);
      await world.proxy.setBackupServers([A]);
      return factsOf(world);
    },
  ],
  [
    "listed.orphan-primary",
    /^primary by Consul, because no heartbeat with a leader comes$/,
    async () => {
      const world = await listOf();
      await world.proxy.setBackupServers([A], { tier: "primary" });
      return factsOf(world, { contact: "orphaned" });
    },
  ],
  [
    "listed.state-file",
    /^remembered in the state file/,
    async () => {
      const world = await listOf();
      await world.proxy.setBackupServers([A], { source: "state-file" });
      return factsOf(world, { state: "stale" });
    },
  ],
  [
    "mode.contact-held",
    /^a heartbeat came 4\.0 s ago$/,
    async () =>
      factsOf(await listOf(A), {
        sources: [{ source: "heartbeat", state: "ok", lastSuccessAt: NOW - 4_000, warnings: [] }],
      }),
  ],
  [
    "mode.contact-lost",
    /^no heartbeat with a leader comes/,
    async () => factsOf(await listOf(A), { contact: "orphaned" }),
  ],
  ["mode.outage", /^no server answers/, async () => factsOf(await listOf(A), { state: "outage" })],
  ["mode.stale", /^only the state file/, async () => factsOf(await listOf(A), { state: "stale" })],
  [
    "mode.consul-failing",
    /^Consul fails \(refused\): what it reported stays$/,
    async () =>
      factsOf(await listOf(A), {
        sources: [{ source: "consul", state: "failing", lastError: "refused", warnings: [] }],
      }),
  ],
  [
    "mode.empty-held",
    /^Consul lists no server: that counts in 30 s$/,
    async () =>
      factsOf(await listOf(A), {
        sources: [{ source: "consul", state: "ok", emptyUntil: NOW + 30_000, warnings: [] }],
      }),
  ],
];

suite("because", () => {
  for (const [code, text, make] of BECAUSE) {
    test(code, async () => {
      const found = explain(await make()).because.find((reason) => reason.code === code);
      assert.match(found?.text ?? "", text);
    });
  }

  test("without a head says what is waited for", async () => {
    const world = await listOf();
    assert.match(explain(factsOf(world)).verdict, /no source names one$/);
    assert.match(explain(factsOf(world, { state: "starting" })).verdict, /have yet to report$/);
  });

  test("points to the event in the timeline", async () => {
    const facts = factsOf(await listOf(A), {}, [event("head-changed", { head: A }, 9)]);
    assert.equal(explain(facts).because[0]?.event, 9);
    assert.deepEqual(
      explain(facts).recent.map(({ index }) => index),
      [9],
    );
  });
});

function textOf(reasons: readonly NotHead[], code: string): string {
  return reasons.find((reason) => reason.code === code)?.text ?? "";
}

suite("not the head", () => {
  const down = { since: 1, isInThisPass: true, closesAtOnce: false };
  const rows: readonly (readonly [code: string, text: RegExp, view: Partial<PoolView>])[] = [
    ["later-in-order", /^is number 2 of the list$/, {}],
    [
      "down",
      /^down: refused$/,
      {
        watched: [{ key: B, patience: PATIENCE, role: "standby", phase: "down", reason: "refused" }],
        down: [{ key: B, ...down }],
      },
    ],
    ["down-in-this-pass", /since a head last answered$/, { down: [{ key: B, ...down }] }],
    ["closes-at-once", /closes them at once$/, { down: [{ key: B, ...down, closesAtOnce: true }] }],
    [
      "penalised",
      /^failed 2 times, not chosen for 41 s$/,
      { penalised: [{ key: B, failures: 2, until: NOW + 41_000 }] },
    ],
  ];
  for (const [code, text, view] of rows) {
    test(code, async () => {
      const [other] = explain(factsOf(await listOf(A, B), view)).others;
      assert.equal(other?.address, B);
      assert.match(textOf(other.not_head, code), text);
    });
  }

  test("backup-while-primary", async () => {
    const world = await listOf(A);
    await world.proxy.setBackupServers([B]);
    const [other] = explain(factsOf(world)).others;
    assert.equal(other?.not_head[0]?.code, "backup-while-primary");
  });

  test("not listed: other-region, newer-api, unresolvable, from the list itself", async () => {
    const { ports, proxy } = await listOf(A, B);
    proxy.barServer(proxy.snapshot().servers[1] ?? assert.fail(), { source: "region" });
    const server = { rpcMajorVersion: 1, rpcMinorVersion: 0, datacenter: "dc1" };
    await proxy.refreshServerLists(
      [
        { ...server, rpcAdvertiseAddr: A },
        { ...server, rpcAdvertiseAddr: B },
        { ...server, rpcAdvertiseAddr: C, rpcMajorVersion: 99 },
      ],
      3,
      A,
    );
    proxy.keepPrimaryServer("no.example:1", new AbortController().signal);
    await ports.clock.advance(0);
    const { others, others_total } = explain(factsOf({ ports, proxy }, { unlisted: proxy.unlisted() }));
    assert.deepEqual(
      others
        .filter(({ position }) => position === null)
        .map(({ address, not_head }) => [address, not_head[0]?.code]),
      [
        [B, "other-region"],
        [C, "newer-api"],
        ["no.example:1", "unresolvable"],
      ],
    );
    assert.equal(others_total, proxy.snapshot().size - 1);
  });
});

suite("next", () => {
  const rows: readonly (readonly [what: Due["what"], code: string, mayChangeHead: boolean])[] = [
    ["rebalance", "rebalance", true],
    ["penalty-ends", "penalty-ends", false],
    ["failback-earliest", "failback-earliest", true],
    ["heartbeat", "heartbeat-due", false],
    ["contact-lost", "contact-lost-at", false],
    ["empty-hold-ends", "empty-hold-ends", true],
    ["consul-retry", "consul-retry", false],
    ["reconnect", "reconnect", false],
    ["outage-probe", "outage-probe", true],
  ];
  for (const [what, code, mayChangeHead] of rows) {
    test(code, async () => {
      const due = [{ what, at: NOW + 5_000, server: B }];
      const [next] = explain(factsOf(await listOf(A), { due })).next;
      assert.deepEqual(
        [next?.code, next?.may_change_head, next?.at],
        [code, mayChangeHead, new Date(NOW + 5_000).toISOString()],
      );
    });
  }
});

test("in an outage, who answers is the head: a connection that is opened may change it", async () => {
  const due = [{ what: "reconnect", at: NOW + 5_000, server: B }] as const;
  const [next] = explain(factsOf(await listOf(A), { due, state: "outage" })).next;
  assert.equal(next?.may_change_head, true);
});

suite("what if", () => {
  const answerTo = (facts: Facts, question: string) =>
    explain(facts, [question]).what_if.find((answer) => answer.if === question);

  test("the head fails: by what health would decide", async () => {
    const world = await listOf(A, B);
    const next = { kind: "next", server: B, isConnected: true } as const;
    assert.equal(answerTo(factsOf(world, { ifHeadFails: next }), `fails:${A}`)?.head, B);
    const search = answerTo(factsOf(world, { ifHeadFails: { kind: "search" } }), `fails:${A}`);
    assert.deepEqual([search?.head, search?.candidates], [null, [{ address: B, chance: null }]]);
    assert.equal(answerTo(factsOf(world), `fails:${A}`)?.head, A);
    assert.match(answerTo(factsOf(world), `fails:${B}`)?.text ?? "", /is not the head/);
  });

  test("a server is removed, Consul is empty, contact is lost", async () => {
    const world = await listOf(A, B);
    assert.equal(answerTo(factsOf(world), `removed:${A}`)?.head, B);
    assert.equal(answerTo(factsOf(world), `removed:${B}`)?.head, A);
    assert.equal(answerTo(factsOf(world), "consul-empty")?.head, A);
    assert.equal(answerTo(factsOf(world), "contact-lost")?.head, A);
    const backups = await listOf();
    await backups.proxy.setBackupServers([C]);
    const emptied = answerTo(factsOf(backups), "consul-empty");
    assert.deepEqual([emptied?.head, emptied?.text], [null, "no server would be left"]);
  });

  test("a rebalance: each server that may be chosen, with its chance", async () => {
    const world = await listOf(A, B, C);
    const view = { penalised: [{ key: C, failures: 1, until: NOW + 1 }] };
    const answer = explain(factsOf(world, view)).what_if.find(({ if: question }) => question === "rebalance");
    assert.deepEqual(answer?.candidates, [
      { address: A, chance: 0.5 },
      { address: B, chance: 0.5 },
    ]);
    assert.equal(answer.text, `${A} or ${B}, equally likely`);
  });

  test("of many candidates the first 64 are shown, and how many there are", async () => {
    const world = await listOf(...Array.from({ length: 80 }, (_, i) => `127.0.0.1:${i + 1}`));
    const answer = explain(factsOf(world)).what_if.find(({ if: question }) => question === "rebalance");
    assert.deepEqual([answer?.candidates.length, answer?.candidates_total], [64, 80]);
  });

  test("changes nothing", async () => {
    const world = await listOf(A, B);
    const before = world.proxy.snapshot();
    explain(factsOf(world), [`removed:${A}`, "rebalance", "contact-lost", "consul-empty"]);
    assert.equal(world.proxy.snapshot(), before);
  });
});

suite("limits", () => {
  const codesOf = async (settings: PoolView["settings"]) =>
    explain(factsOf(await listOf(A), { settings })).limits.map(({ code }) => code);

  test("say what the settings do not notice", async () => {
    const timeoutMs = 500;
    assert.deepEqual(await codesOf({ ping: "tcp", standby: true, timeoutMs }), ["ping-tcp-no-hang"]);
    assert.deepEqual(await codesOf({ ping: "none", standby: false, timeoutMs }), ["ping-none"]);
    assert.deepEqual(await codesOf({ ping: "nomad", standby: false, timeoutMs }), ["no-standby"]);
    assert.deepEqual(await codesOf({ ping: "nomad", standby: true, timeoutMs }), []);
  });

  test("say that programs report a head that answers", async () => {
    const settings = { ping: "nomad", standby: true, timeoutMs: 500 } as const;
    const disagreeing = { server: A, clients: 3, since: 0 };
    const { limits } = explain(factsOf(await listOf(A), { settings, disagreeing }));
    const text = `3 programs report ${A} in vain: it answers the agent`;
    assert.deepEqual(limits, [{ code: "clients-disagree", text }]);
  });
});

suite("the three views", () => {
  test("say the same: JSON, text and TXT", async () => {
    for (const [, , make] of BECAUSE.slice(0, 2)) {
      const facts = await make();
      const explanation = explain(facts);
      const became = explanation.because[0]?.text ?? assert.fail();
      assert.ok(explanationText(explanation, facts).includes(became));
      assert.ok(explanation.verdict.includes(became));
      assert.ok(headReasonStrings(facts.view.snapshot, "live").includes(`why=${became}`));
    }
  });

  test("the text, as a whole", async () => {
    const world = await listOf(A, B, C);
    world.proxy.notifyFailedServer(world.proxy.findServer() ?? assert.fail(), {
      source: "health",
      reason: "refused",
    });
    const facts = factsOf(
      world,
      {
        watched: [{ ...UP, key: B }],
        ifHeadFails: { kind: "next", server: C, isConnected: true },
        settings: { ping: "tcp", standby: true, timeoutMs: 500 },
        penalised: [{ key: A, failures: 1, until: NOW + 41_000 }],
        due: [{ what: "penalty-ends", at: NOW + 41_000, server: A }],
      },
      [event("head-changed", { head: B }, 119)],
    );
    assert.equal(
      explanationText(explain(facts), facts),
      [
        `${B} is the head of nomad since 00:00:00 (100 s).`,
        `  became   ${A} failed: refused; ${B} was next   [event 119]`,
        "  stays    answered 0.2 s ago in 0.6 ms, usually in 0.5 ms; late after 78 ms",
        "  listed   primary by a client",
        `If it fails    ${C} (connection open, about 10 ms)`,
        `If rebalanced  ${B} or ${C}, equally likely`,
        `Not ${A}: failed once, not chosen for 41 s`,
        "DNS            _nomad._tcp.headwaiter.internal SRV: 10-0-0-1.addr.headwaiter.internal:4647, TTL 0 s",
        `Next           00:02:21 ${A} may be chosen again`,
        "Note: ping: tcp does not notice a server that hangs",
        "",
      ].join("\n"),
    );
  });
});

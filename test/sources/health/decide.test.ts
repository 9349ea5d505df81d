/** What is decided, whatever happens in whatever order: without a clock, a connection or a turn of the event loop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import { shuffled } from "../../../src/core/rebalance.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import type { ServerEvent } from "../../../src/core/server-event.ts";
import { Snapshot } from "../../../src/core/snapshot.ts";
import { transition } from "../../../src/core/transition.ts";
import { decide } from "../../../src/sources/health/decide.ts";
import {
  type Action,
  type Health,
  type HealthEvent,
  NOTHING_KNOWN,
  type Role,
  type View,
} from "../../../src/sources/health/health-state.ts";
import { isDown, type PingAnswer, type WatchState } from "../../../src/sources/health/server-health.ts";

const SERVERS = [1, 2, 3, 4, 5].map((port) => ServerEndpoint.fromLiteral(`127.0.0.1:${port}`));

/** A list, what is known of it, and whatever carries out what is decided. Checks each decision. */
class Model {
  health: Health = NOTHING_KNOWN;
  snapshot = Snapshot.empty(0);
  now = 0;
  isSearching = false;
  watched: ReadonlyMap<Role, ServerEndpoint> = new Map();
  readonly states = new Map<string, WatchState>();
  readonly answers = new Map<string, PingAnswer>();
  readonly avoided = new Set<string>();
  handOvers = 0;
  givenUp = 0;

  take(event: HealthEvent): void {
    for (const step of decide(event)) {
      const decision = step(this.health, this.#view());
      assert.deepEqual(step(this.health, this.#view()), decision, "the same again: nothing was changed");
      for (const action of decision.actions) {
        this.#check(action, decision.health);
      }
      this.health = decision.health;
      for (const action of decision.actions) {
        this.#do(action);
      }
    }
  }

  change(event: ServerEvent): void {
    const next = transition(this.snapshot, event, this.now);
    if (next !== this.snapshot) {
      this.snapshot = next;
      const chosen = event.kind === "rebalanced" ? next.head?.key : undefined;
      this.take({ kind: "list-changed", chosen });
    }
  }

  #view(): View {
    return {
      snapshot: this.snapshot,
      config: { intervalMs: 500, idleIntervalMs: 5_000, timeoutMs: 500, standby: true },
      now: this.now,
      standby: this.watched.get("standby")?.key,
      stateOf: (key) => this.states.get(key),
      answerOf: (key) => this.answers.get(key),
      isAvoided: (key) => this.avoided.has(key),
    };
  }

  #check(action: Action, { records }: Health): void {
    if (action.do === "hand-over") {
      const { key } = action.successor;
      assert.equal(action.head, this.snapshot.head);
      assert.notEqual(key, action.head.key);
      assert.ok(this.snapshot.members.has(key), `${key} is listed`);
      assert.ok(!isDown(records, key), `${key} is not known to be down`);
      assert.notEqual(action.reason, "");
    }
  }

  #do(action: Action): void {
    switch (action.do) {
      case "watch":
        this.watched = action.servers;
        return;
      case "penalise":
        this.avoided.add(action.key);
        return;
      case "search":
        assert.ok(!this.isSearching, "one search at a time");
        this.isSearching = true;
        return;
      case "search-more":
        assert.ok(this.isSearching && action.keys.length > 0);
        return;
      case "end-search":
        assert.ok(this.isSearching, "the search that is under way");
        this.isSearching = false;
        return;
      case "hand-over": {
        const { head, reason, successor } = action;
        this.handOvers += 1;
        this.change({ kind: "server-failed", key: head.key, source: "health", reason, successor });
        return;
      }
      case "give-up-head": {
        const server = this.watched.get("head");
        assert.equal(server, this.snapshot.head);
        assert.match(action.failure.reason, /^no answer within 156 ms .*, asked twice, while .* answered in/);
        this.givenUp += 1;
        if (server !== undefined) {
          this.states.set(server.key, { phase: "down", since: this.now, reason: action.failure.reason });
          this.take({ kind: "failed", server, failure: action.failure });
        }
        return;
      }
      case "hurry":
      case "look-up":
      case "note-address":
      case "go-back-to-primary":
      case "note":
    }
  }
}

/** Whatever may happen to the model next. */
function anyEvent(model: Model, random: () => number): () => void {
  const anyOf = <T>(things: readonly T[]) => things[Math.floor(random() * things.length)] as T;
  const server = anyOf(SERVERS);
  const watched = anyOf([...model.watched.values(), undefined]);
  const failing = { closesAtOnce: random() < 0.3, isSilent: random() < 0.3, closings: 1 };
  const since = model.now - anyOf([0, 500, 40_000]);
  const ofWatched = (): HealthEvent[] => {
    if (watched === undefined) {
      return [];
    }
    const failure = { ...failing, reason: "refused" };
    return [
      { kind: "answered", server: watched, lasted: random() < 0.5, roundTripMs: anyOf([undefined, 1, 400]) },
      { kind: "failed", server: watched, failure },
      { kind: "failed", server: watched, failure },
      { kind: "late", server: watched },
      { kind: "silent", server: watched, silence: { lateAt: since, silentMs: 156, usualMs: 1 } },
    ];
  };
  const ofSearch: HealthEvent[] = [
    { kind: "found", key: server.key },
    { kind: "asked-in-vain", server, failing },
    { kind: "asked-in-vain", server, failing },
    { kind: "all-asked-in-vain" },
  ];
  const ofList: ServerEvent[] = [
    { kind: "primary-added", endpoint: server, source: "static" },
    {
      kind: "backups-reported",
      endpoints: SERVERS.filter(() => random() < 0.5),
      source: "consul",
      tier: "backup",
    },
    { kind: "server-removed", key: server.key, source: "api" },
    { kind: "server-failed", key: model.snapshot.head?.key ?? "", source: "api" },
    { kind: "rebalanced", order: shuffled(model.snapshot.order.toArray(), random) },
  ];
  if (random() < 0.2) {
    return () => {
      model.change(anyOf(ofList));
    };
  }
  const events = [...ofWatched(), ...ofWatched(), ...(model.isSearching ? ofSearch : [])];
  const event: HealthEvent | undefined = events[Math.floor(random() * events.length)];
  return () => {
    if (event?.kind === "answered") {
      model.states.set(event.server.key, { phase: "up", since });
      const tookMs = event.roundTripMs ?? 1;
      model.answers.set(event.server.key, { at: model.now, tookMs, isLate: random() < 0.25 });
    } else if (event?.kind === "failed") {
      model.states.set(event.server.key, { phase: "down", since, reason: "refused" });
    }
    if (event !== undefined) {
      model.take(event);
    }
  };
}

test("whatever happens: a head that is down is replaced or searched for, by a server that is not known to be down", () => {
  const seen = { handOvers: 0, searches: 0, givenUp: 0 };
  for (let seed = 0; seed < 2_000; seed++) {
    const random = seededRandom(seed);
    const model = new Model();
    for (const endpoint of SERVERS.slice(seed % 5)) {
      model.change({ kind: "primary-added", endpoint, source: "static" });
    }
    for (let happened = 0; happened < 60; happened++) {
      model.now += random() < 0.7 ? Math.floor(random() * 300) : Math.floor(random() * 30_000);
      const wasSearching = model.isSearching;
      anyEvent(model, random)();
      const { health, isSearching, snapshot } = model;
      const where = `seed ${seed}, event ${happened}`;
      assert.equal(health.search !== undefined, isSearching, where);
      assert.ok(!isDown(health.records, snapshot.head?.key ?? "") || isSearching, where);
      for (const key of health.search === undefined ? [] : snapshot.order) {
        assert.ok(health.search?.asked.has(key), `${where}: ${key} is asked`);
      }
      seen.searches += Number(!wasSearching && isSearching);
    }
    seen.handOvers += model.handOvers;
    seen.givenUp += model.givenUp;
  }
  assert.ok(seen.handOvers > 2_000 && seen.searches > 1_000 && seen.givenUp > 150, JSON.stringify(seen));
});

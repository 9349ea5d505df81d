import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { FleetWaits } from "../../../src/core/time/fleet-waits.ts";
import { ConnectionError } from "../../../src/net/connection/connection-error.ts";
import { Search, type SearchPorts } from "../../../src/sources/health/search.ts";
import { CONFIG, FakeClock, fakePorts } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";

const [A, B] = ["127.0.0.1:1", "127.0.0.1:2"] as const;

function keysUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `127.0.0.1:${i + 1}`);
}

interface Options extends Partial<Pick<SearchPorts, "isPaced" | "rankOf" | "drawFirst">> {
  readonly answersAfterMs?: Readonly<Record<string, number>>;
}

/** A search whose servers refuse, but for those that hang, and those that are up. */
function bench(
  keys: readonly string[],
  hanging: ReadonlySet<string> = new Set(),
  timeoutMs = 1e9,
  { isPaced = false, rankOf = () => 0, drawFirst = () => undefined, answersAfterMs = {} }: Options = {},
) {
  const clock = new FakeClock();
  const random = seededRandom(7);
  const listed = new Map(keys.map((key) => [key, ServerEndpoint.fromLiteral(key)]));
  const pings: { key: string; at: number }[] = [];
  const seen = { confirmed: 0, answers: [] as string[], silences: [] as string[], notAsked: [] as string[] };
  const up = new Set<string>();
  const sockets = { free: Number.POSITIVE_INFINITY };
  const most = { underWay: 0, refusedHere: 0 };
  let underWay = 0;
  const search = new Search({
    clock,
    waveMs: 25,
    isPaced,
    spacingMs: 10,
    rankOf,
    drawFirst,
    waits: new FleetWaits(clock, new RpcProxy(fakePorts(), CONFIG)),
    drawWait: () => {
      const ms = 500 * (0.5 + random() / 2);
      return () => ms;
    },
    keys,
    endpointOf: (key) => listed.get(key),
    ping: async ({ key }, signal) => {
      if (underWay >= sockets.free) {
        most.refusedHere += 1;
        throw new ConnectionError("local-exhaustion", key, "no socket left (EMFILE)");
      }
      pings.push({ key, at: clock.now() });
      underWay += 1;
      most.underWay = Math.max(most.underWay, underWay);
      try {
        await answerOf(key, signal);
      } finally {
        underWay -= 1;
      }
    },
    onAnswer: ({ key }) => {
      seen.answers.push(key);
      void end(search);
    },
    onDown: ({ key }) => seen.silences.push(key),
    onNotAsked: ({ key }) => seen.notAsked.push(key),
    onConfirmed: () => {
      seen.confirmed += 1;
    },
  });

  function answerOf(key: string, signal: AbortSignal): Promise<void> {
    const afterMs = answersAfterMs[key];
    if (!hanging.has(key) && afterMs === undefined) {
      return up.has(key) ? Promise.resolve() : Promise.reject(new Error("refused"));
    }
    return new Promise((resolve, reject) => {
      clock.after(afterMs ?? timeoutMs, () => {
        if (afterMs === undefined) {
          reject(new Error("no answer"));
        } else {
          resolve();
        }
      });
      signal.addEventListener("abort", () => {
        reject(new Error("ended"));
      });
    });
  }

  const timesOf = (key: string) => pings.filter((ping) => ping.key === key).map(({ at }) => at);
  return { clock, listed, pings, seen, up, sockets, most, search, timesOf };
}

test("a server that hangs delays no other, and each recovery is noticed within an interval", async () => {
  const { clock, seen, up, search, timesOf } = bench([A, B], new Set([A]));
  begin(search);
  await clock.advance(10_000);
  assert.equal(timesOf(A).length, 1);
  const gaps = timesOf(B)
    .slice(1)
    .map((at, i) => at - (timesOf(B)[i] ?? 0));
  assert.ok(Math.min(...gaps) >= 250 && Math.max(...gaps) <= 500, gaps.join(" "));
  assert.ok(new Set(gaps).size > 10, "drawn anew each time");
  up.add(B);
  await clock.advance(500);
  assert.deepEqual(seen.answers, [B]);
});

test("the time that a silent server takes is part of the wait until it is tried again", async () => {
  const { clock, search, timesOf } = bench([A], new Set([A]), 250);
  begin(search);
  await clock.advance(50_000);
  const mean = 50_000 / timesOf(A).length;
  assert.ok(mean >= 250 && mean <= 500, `${mean} ms from try to try`);
  await end(search);
});

test("it is confirmed once, when each server was tried", async () => {
  const { clock, seen, search } = bench([A, B], new Set(), 1e9, { drawFirst: () => () => 1_000 });
  begin(search);
  await clock.advance(999);
  assert.equal(seen.confirmed, 0);
  await clock.advance(60_000);
  assert.equal(seen.confirmed, 1);
  await end(search);
});

test("a server that left the list is tried no more", async () => {
  const { clock, listed, search, timesOf } = bench([A, B]);
  begin(search);
  await clock.advance(1_000);
  listed.delete(A);
  const before = timesOf(A).length;
  await clock.advance(10_000);
  assert.equal(clock.pending, 1, "B's");
  assert.equal(timesOf(A).length, before);
  assert.ok(timesOf(B).length > 20);
  await end(search);
});

test("of a long list that hangs 256 are tried at once; nothing is called after the end", async () => {
  const keys = keysUpTo(400);
  const { clock, seen, search, timesOf } = bench(keys, new Set(keys));
  begin(search);
  await clock.advance(10_000);
  assert.equal(keys.filter((key) => timesOf(key).length === 1).length, 256);
  await end(search);
  await clock.advance(10_000);
  assert.equal(keys.filter((key) => timesOf(key).length > 0).length, 256);
  assert.deepEqual(seen, { confirmed: 0, answers: [], silences: [], notAsked: [] });
  assert.equal(clock.pending, 256, "the hanging pings' own timers");
});

suite("waves", () => {
  const startsOf = ({ pings }: Pick<ReturnType<typeof bench>, "pings">) => {
    const starts = new Map<number, number>();
    for (const { at } of pings) {
      starts.set(at, (starts.get(at) ?? 0) + 1);
    }
    return [...starts];
  };

  test("double while nothing answers, so that of 24 silent servers the last is asked after 0.1 s, of 200 after 0.2 s", async () => {
    const keys = keysUpTo(200);
    const searched = bench(keys, new Set(keys), 500);
    begin(searched.search);
    await searched.clock.advance(240);
    const widths = [1, 2, 4, 8, 16, 32, 64, 64, 9];
    assert.deepEqual(
      startsOf(searched),
      widths.map((width, wave) => [25 * wave, width]),
    );
    await end(searched.search);
  });

  test("that fail at once are followed at once", async () => {
    const { clock, seen, up, search } = bench(keysUpTo(200));
    up.add("127.0.0.1:200");
    begin(search);
    await clock.advance(0);
    assert.deepEqual(seen.answers, ["127.0.0.1:200"]);
  });

  test("ask no more than needed: the first server answers, and no other is asked", async () => {
    const { clock, pings, up, search } = bench(keysUpTo(200));
    up.add("127.0.0.1:1");
    begin(search);
    await clock.advance(1_000);
    assert.equal(pings.length, 1);
  });

  test("there are none in a search that comes soon after another one: it asks one server after the other", async () => {
    const searched = bench(keysUpTo(4_000), new Set(), 500, { isPaced: true });
    begin(searched.search);
    await searched.clock.advance(1_000);
    const asked = new Set(searched.pings.map(({ key }) => key)).size;
    assert.ok(asked > 90 && asked <= 101, `${asked} servers in a second`);
    await end(searched.search);
  });
});

suite("of several that answer", () => {
  const rankOf = (key: string) => (key === A ? 0 : 1);

  test("the better one is taken, though it is slower", async () => {
    const { clock, seen, search } = bench([A, B], new Set(), 0, {
      rankOf,
      answersAfterMs: { [A]: 60, [B]: 1 },
    });
    begin(search);
    await clock.advance(1_000);
    assert.deepEqual(seen.answers, [A]);
  });

  test("a better one that is silent is not waited for for long", async () => {
    const { clock, seen, search } = bench([A, B], new Set([A]), 500, { rankOf, answersAfterMs: { [B]: 1 } });
    begin(search);
    await clock.advance(25 + 1 + 49);
    assert.deepEqual(seen.answers, []);
    await clock.advance(1);
    assert.deepEqual(seen.answers, [B]);
  });

  test("a better one that fails is not waited for any longer", async () => {
    const { clock, seen, search } = bench([A, B], new Set([A]), 40, { rankOf, answersAfterMs: { [B]: 1 } });
    begin(search);
    await clock.advance(40);
    assert.deepEqual(seen.answers, [B]);
  });
});

test("a server that comes while others are asked is asked at once", async () => {
  const { clock, listed, seen, up, search } = bench([A], new Set([A]));
  begin(search);
  await clock.advance(1_000);
  listed.set(B, ServerEndpoint.fromLiteral(B));
  up.add(B);
  search.include([A, B]);
  await clock.advance(0);
  assert.deepEqual(seen.answers, [B]);
});

test("where this machine has no socket left nothing is said of the server, and fewer are asked at the same time", async () => {
  const keys = keysUpTo(40);
  const { clock, seen, most, search, sockets } = bench(keys, new Set(keys), 500);
  sockets.free = 4;
  begin(search);
  await clock.advance(20_000);
  assert.equal(seen.confirmed, 1);
  assert.ok(most.underWay <= 4);
  assert.equal(new Set(seen.silences).size, 40);
  const tries = most.refusedHere;
  assert.ok(tries < 200, `${tries} tries without a socket`);
  assert.equal(seen.notAsked.length, tries);
  await end(search);
});

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NameBook } from "../../src/core/name-book.ts";
import type { Resolution, Resolver } from "../../src/core/ports.ts";
import { EndpointError, parseRpcAddr } from "../../src/core/rpc-addr.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { FakeClock, FakeResolver } from "../support/fake-ports.ts";

const unlisted = () => undefined;

function bookOf(names: Record<string, { addresses: string[]; ttlSeconds: number }> = {}) {
  const clock = new FakeClock();
  const resolver = new FakeResolver();
  for (const [name, resolution] of Object.entries(names)) {
    resolver.names.set(name, resolution);
  }
  return { clock, resolver, book: new NameBook(resolver, clock) };
}

async function found(outcome: ReturnType<NameBook["find"]>): Promise<ServerEndpoint> {
  const endpoint = await outcome;
  assert.ok(endpoint instanceof ServerEndpoint, String(endpoint));
  return endpoint;
}

test("a literal is found at once, without the resolver", () => {
  const { book, resolver } = bookOf();
  const endpoint = book.find("[::1]:5", unlisted);
  assert.ok(endpoint instanceof ServerEndpoint);
  assert.deepEqual([endpoint.key, endpoint.addresses], ["[::1]:5", ["::1"]]);
  assert.deepEqual(resolver.asked, []);
});

test("the name of a listed server is not asked for again, however it is spelled", async () => {
  const { book, resolver } = bookOf({ web: { addresses: ["10.0.0.1"], ttlSeconds: 60 } });
  const web = await found(book.find("web", unlisted));
  const listed = (key: string) => (key === web.key ? web : undefined);
  assert.equal(book.find("web:4647", listed), web);
  assert.equal(book.find("WEB.", listed), web);
  assert.deepEqual(resolver.asked, ["web"]);
});

test("a name without an address is an EndpointError that keeps the cause", async () => {
  const { book } = bookOf({ empty: { addresses: [], ttlSeconds: 60 } });
  for (const name of ["nowhere", "empty"]) {
    const error = await book.find(name, unlisted);
    assert.ok(error instanceof EndpointError);
    assert.equal(error.code, "name-unresolvable");
    assert.ok(error.cause instanceof Error);
  }
  const malformed = book.find("host:", unlisted);
  assert.ok(malformed instanceof EndpointError && malformed.code === "port-missing");
});

test("of a name's addresses only those count that can be dialled, each once", async () => {
  const addresses = [
    "0.0.0.0",
    "10.0.0.1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "2001:DB8::1",
  ];
  const { book } = bookOf({
    web: { addresses, ttlSeconds: 60 },
    blocked: { addresses: ["0.0.0.0", "::"], ttlSeconds: 60 },
  });
  assert.deepEqual((await found(book.find("web", unlisted))).addresses, ["10.0.0.1", "2001:db8::1"]);
  const error = await book.find("blocked:1", unlisted);
  assert.ok(error instanceof EndpointError && error.code === "name-unresolvable");
  assert.match(error.message, /"blocked:1": .*0\.0\.0\.0 is unspecified/);
});

test("a name is asked for again when its TTL is over, at least hourly, at most every 5 s", async () => {
  for (const [ttlSeconds, askedAfterMs] of [
    [0, 5_000],
    [12, 15_000],
    [86_400, 3_600_000],
    [Number.NaN, 5_000],
    [-1, 5_000],
    [Number.POSITIVE_INFINITY, 3_600_000],
    [2 ** 53, 3_600_000],
  ] as const) {
    const { book, clock } = bookOf({ web: { addresses: ["10.0.0.1"], ttlSeconds } });
    const web = await found(book.find("web", unlisted));
    const refreshed: number[] = [];
    const stop = new AbortController();
    void book.run(
      stop.signal,
      () => [web, ServerEndpoint.fromLiteral("10.0.0.9")],
      (server) => {
        assert.equal(server, web);
        refreshed.push(clock.now());
      },
    );
    await clock.advance(askedAfterMs - 1);
    assert.deepEqual(refreshed, [], `TTL ${ttlSeconds}`);
    await clock.advance(1);
    assert.deepEqual(refreshed, [askedAfterMs], `TTL ${ttlSeconds}`);
    stop.abort();
    assert.equal(clock.pending, 0);
  }
});

/** When servers are refreshed by sweeps, until the test ends. */
function sweeps(
  t: TestContext,
  { book, clock }: ReturnType<typeof bookOf>,
  listed: readonly ServerEndpoint[],
) {
  const refreshed: number[] = [];
  const stop = new AbortController();
  t.after(() => {
    stop.abort();
  });
  void book.run(
    stop.signal,
    () => listed,
    () => refreshed.push(clock.now()),
  );
  return refreshed;
}

test("while no name is listed nothing is looked for; the first question for a name changes that", async (t) => {
  const named = bookOf({ web: { addresses: ["10.0.0.1"], ttlSeconds: 7 } });
  const { book, clock } = named;
  const listed = [ServerEndpoint.fromLiteral("10.0.0.9")];
  const refreshed = sweeps(t, named, listed);
  await clock.advance(12_000);
  assert.equal(clock.pending, 0);
  listed.push(await found(book.find("web", unlisted)));
  await clock.advance(9_999);
  assert.deepEqual(refreshed, []);
  await clock.advance(1);
  assert.deepEqual(refreshed, [22_000]);
});

test("a listed name that was never asked for is swept, and swept again until there is an answer", async (t) => {
  const named = bookOf();
  const refreshed = sweeps(t, named, [new ServerEndpoint("web", parseRpcAddr("web"), ["10.0.0.1"])]);
  await named.clock.advance(10_000);
  assert.deepEqual(refreshed, [5_000, 10_000]);
});

test("an aborted signal starts no sweep", () => {
  const { book, clock } = bookOf();
  void book.run(
    AbortSignal.abort(),
    () => [],
    () => undefined,
  );
  assert.equal(clock.pending, 0);
});

test("a refresh gives the new addresses; nothing for a literal, too soon, or without an answer", async () => {
  const { book, clock, resolver } = bookOf({ web: { addresses: ["10.0.0.1"], ttlSeconds: 60 } });
  const web = await found(book.find("web", unlisted));
  assert.equal(await book.refresh(ServerEndpoint.fromLiteral("10.0.0.9")), undefined);
  resolver.names.set("web", { addresses: ["10.0.0.2"], ttlSeconds: 60 });
  await clock.advance(999);
  assert.equal(await book.refresh(web), undefined);
  await clock.advance(1);
  assert.deepEqual(await book.refresh(web), ["10.0.0.2"]);
  resolver.names.delete("web");
  await clock.advance(1_000);
  assert.equal(await book.refresh(web), undefined);
});

/** A resolver whose answers wait for the test; it minds the signal or not. */
function slowResolver({ mindsSignal }: { mindsSignal: boolean }) {
  const questions: {
    signal: AbortSignal | undefined;
    answer: (address: string, ttlSeconds?: number) => void;
  }[] = [];
  const resolver: Resolver = {
    resolve: (_host, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<Resolution>();
      if (mindsSignal) {
        signal?.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      }
      questions.push({
        signal,
        answer: (address, ttlSeconds = 60) => {
          resolve({ addresses: [address], ttlSeconds });
        },
      });
      return promise;
    },
  };
  return { resolver, questions };
}

const web = new ServerEndpoint("web", parseRpcAddr("web"), ["10.0.0.1"]);

test("an answer that comes after a later question's is not used, neither its addresses nor its TTL", async () => {
  const { resolver, questions } = slowResolver({ mindsSignal: true });
  const clock = new FakeClock();
  const book = new NameBook(resolver, clock);
  const older = book.refresh(web);
  await clock.advance(1_000);
  const newer = book.refresh(web);
  questions[1]?.answer("10.0.0.2", 3_600);
  assert.deepEqual(await newer, ["10.0.0.2"]);
  questions[0]?.answer("10.0.0.9", 1);
  assert.deepEqual(await older, ["10.0.0.2"]);
  const expired: string[] = [];
  const stop = new AbortController();
  void book.run(
    stop.signal,
    () => [web],
    (server) => expired.push(server.key),
  );
  await clock.advance(3_000_000);
  assert.deepEqual(expired, []);
  stop.abort();
});

test("answers that come in the order of their questions are each used", async () => {
  const { resolver, questions } = slowResolver({ mindsSignal: true });
  const clock = new FakeClock();
  const book = new NameBook(resolver, clock);
  const older = book.refresh(web);
  await clock.advance(1_000);
  const newer = book.refresh(web);
  questions[0]?.answer("10.0.0.8");
  assert.deepEqual(await older, ["10.0.0.8"]);
  questions[1]?.answer("10.0.0.9");
  assert.deepEqual(await newer, ["10.0.0.9"]);
});

test("look-ups that hang are two for a server at most, and none comes from a sweep meanwhile", async () => {
  const { resolver, questions } = slowResolver({ mindsSignal: true });
  const clock = new FakeClock();
  const book = new NameBook(resolver, clock);
  const stop = new AbortController();
  void book.run(
    stop.signal,
    () => [web],
    (server) => void book.refresh(server),
  );
  await clock.advance(30_000);
  assert.equal(questions.length, 1);
  for (let failure = 0; failure < 5; failure++) {
    void book.refresh(web);
    await clock.advance(1_000);
  }
  assert.equal(questions.length, 2);
  stop.abort();
});

test("the end of run ends every look-up under way, also one from before it; later ones begin anew", async () => {
  for (const mindsSignal of [true, false]) {
    const { resolver, questions } = slowResolver({ mindsSignal });
    const book = new NameBook(resolver, new FakeClock());
    const before = book.find("db", unlisted);
    const stop = new AbortController();
    void book.run(
      stop.signal,
      () => [],
      () => undefined,
    );
    const refreshing = book.refresh(web);
    stop.abort(new Error("stopped"));
    assert.deepEqual(
      questions.map(({ signal }) => signal?.aborted),
      [true, true],
    );
    questions.forEach(({ answer }) => {
      answer("10.0.0.9");
    });
    const error = await before;
    assert.ok(error instanceof EndpointError && error.message.includes("stopped"), String(error));
    assert.equal(await refreshing, undefined);
    const later = book.find("db", unlisted);
    questions[2]?.answer("10.0.0.3");
    assert.deepEqual((await found(later)).addresses, ["10.0.0.3"]);
  }
});

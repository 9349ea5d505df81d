/** How much is forwarded at a time, and what is made of answers, without sockets. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import type { askForWhole } from "../../../src/net/names/whole-answer.ts";
import { Counters } from "../../../src/views/dns/counters.ts";
import { forwardedReply } from "../../../src/views/dns/thread/forwarded-reply.ts";
import { type Forwarded, Forwarder, MAX_FORWARDS } from "../../../src/views/dns/thread/forwarder.ts";
import { settled } from "../../support/fake-ports.ts";
import { query, wireName, words } from "./zone-text.ts";

const TO = { address: "127.0.0.1", port: 1 };

function forwarder(ask: typeof askForWhole) {
  const counters = new Counters();
  const made = new Forwarder(counters, ask);
  const answers: Forwarded[] = [];
  const forward = (name: string, transport: "udp" | "tcp" = "udp") => {
    const message = query(`${name} IN A`);
    made.forward({ to: TO, message, questionEnd: message.length, transport }, (answer) =>
      answers.push(answer),
    );
  };
  return {
    answers,
    close: () => {
      made.close();
    },
    forward,
    refused: () => Counters.sum([counters]).events.forwardsRefused,
  };
}

suite("a forwarder", () => {
  test("asks a bounded number of questions at a time, and goes on when they end", async () => {
    const ends: (() => void)[] = [];
    const { answers, forward, refused } = forwarder(
      () =>
        new Promise((_, reject) => {
          ends.push(() => {
            reject(new Error("nobody answers"));
          });
        }),
    );
    for (let i = 0; i < MAX_FORWARDS + 3; i += 1) {
      forward(`n${i}.consul.`);
    }
    assert.equal(ends.length, MAX_FORWARDS);
    assert.deepEqual(answers, [], "nobody is answered before the call has returned");
    await settled();
    assert.deepEqual(answers, ["none", "none", "none"]);
    assert.equal(refused(), 3);
    forward("N0.consul.");
    assert.equal(ends.length, MAX_FORWARDS, "the same question joins");
    forward("n0.consul.", "tcp");
    await settled();
    assert.equal(refused(), 4, "by TCP it is another one");
    ends[0]?.();
    await settled();
    assert.deepEqual(answers.slice(4), ["failed", "failed"]);
    forward("n99.consul.");
    assert.equal(ends.length, MAX_FORWARDS + 1);
  });

  test("lets a bounded number wait for one answer", async () => {
    const { answers, forward } = forwarder(() => new Promise(() => undefined));
    for (let i = 0; i < 1_030; i += 1) {
      forward("a.consul.");
    }
    await settled();
    assert.equal(answers.length, 6);
  });

  test("asks no faster than its rate", async () => {
    let asked = 0;
    const { forward } = forwarder(() => {
      asked += 1;
      return Promise.reject(new Error("nobody answers"));
    });
    const begunAt = performance.now();
    for (let i = 0; i < 2_000; i += 1) {
      forward(`n${i}.consul.`);
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
    const allowed = 102 + (performance.now() - begunAt) / 2;
    assert.ok(asked >= 50 && asked <= allowed, `${asked} of ${allowed}`);
  });

  test("answers nobody after its end", async () => {
    const { answers, close, forward } = forwarder(
      (_to, _query, _transport, { signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => {
            reject(new Error("aborted"));
          });
        }),
    );
    forward("a.consul.");
    close();
    await settled();
    assert.deepEqual(answers, []);
  });
});

suite("an answer of another server", () => {
  const question = query("a.consul. IN A").subarray(12);
  const questionEnd = 12 + question.length;
  const record = (type: number, data: Uint8Array, owner = wireName("a.consul.")) =>
    Buffer.concat([owner, words(type, 1, 0, 60, data.length), data]);
  const A = record(1, Buffer.of(10, 0, 0, 1));
  const OPT = Buffer.concat([Buffer.of(0), words(41, 1232, 0, 0, 0)]);
  const message = (counts: readonly [number, number, number], ...records: readonly Uint8Array[]) =>
    Buffer.concat([words(7, 0x8400, 1, ...counts), question, ...records]);

  test("is taken without its OPT and what is behind that", () => {
    const reply = forwardedReply(message([2, 0, 3], A, A, A, OPT, A), questionEnd);
    assert.deepEqual([reply?.answerCount, reply?.additionalCount], [2, 1]);
    assert.deepEqual(Buffer.from(reply?.records ?? []), Buffer.concat([A, A, A]));
    assert.deepEqual([...(reply?.answerEnds ?? [])], [A.length, 2 * A.length]);
    assert.equal(reply?.requiredLength, 2 * A.length);
  });

  test("is refused when it is cut, counts wrongly, or has a response code that we do not send", () => {
    const good = message([1, 0, 1], A, OPT);
    for (let end = questionEnd; end < good.length; end += 1) {
      assert.equal(forwardedReply(good.subarray(0, end), questionEnd), undefined, String(end));
    }
    assert.equal(forwardedReply(message([1, 0, 1], OPT, A), questionEnd), undefined);
    const yxdomain = Buffer.from(good);
    yxdomain[3] = 6;
    assert.equal(forwardedReply(yxdomain, questionEnd), undefined);
    const extended = message([0, 0, 1], Buffer.concat([Buffer.of(0), words(41, 1232, 0x0100, 0, 0)]));
    assert.equal(forwardedReply(extended, questionEnd), undefined);
  });

  test("of any bytes makes no exception, and none that is longer than it came", () => {
    const random = seededRandom(7);
    const good = message([2, 1, 2], A, A, A, A, OPT);
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Buffer.from(good);
      for (let change = 0; change < 4; change += 1) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const reply = forwardedReply(bytes, questionEnd);
      assert.ok(reply === undefined || reply.records.length <= bytes.length - questionEnd);
    }
  });
});

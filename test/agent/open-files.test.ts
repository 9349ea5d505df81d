import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AgentError } from "../../src/agent/agent-error.ts";
import { clientLimits, openFiles } from "../../src/agent/open-files.ts";

const ONE = { pools: 1, dnsThreads: 1, dnsAddresses: 1, dnsForwards: 0 };

suite("descriptors", () => {
  test("where there are plenty, clients have 256 connections each", () => {
    for (const limit of [4_096, 1_048_576, Infinity]) {
      assert.deepEqual(clientLimits({ limit, used: 23 }, ONE), { http: 256, dnsTcp: 256 });
    }
  });

  test("half of what is left is never the clients', and what the pools need neither", () => {
    for (const pools of [1, 10, 50]) {
      for (let limit = 300 + 8 * pools; limit < 1_500; limit += 7) {
        const { http, dnsTcp } = clientLimits({ limit, used: 23 }, { ...ONE, pools });
        const left = limit - 23 - (http + dnsTcp);
        assert.ok(left >= 16 + 8 * pools, `${left} of ${limit} for ${pools}`);
        assert.ok(left >= http + dnsTcp);
        assert.ok(http > 4);
      }
    }
  });

  test("what other DNS servers are asked with is kept free", () => {
    const forwards = { ...ONE, dnsThreads: 2, dnsForwards: 32 };
    const [few, more] = [ONE, forwards].map((needs) => clientLimits({ limit: 400, used: 23 }, needs).http);
    assert.ok((few ?? 0) - (more ?? 0) >= 16, `${few} and ${more}`);
  });

  test("a limit of 64 is enough for one pool", () => {
    assert.deepEqual(clientLimits({ limit: 64, used: 23 }, ONE), { http: 4, dnsTcp: 4 });
  });

  test("one that is not enough for the agent itself is refused in one line that says what would be", () => {
    assert.throws(
      () => clientLimits({ limit: 40, used: 23 }, ONE),
      new AgentError(
        "open files: the limit of this process is 40 (ulimit -n): expected at least 53 for 1 pool",
      ),
    );
    clientLimits({ limit: 53, used: 23 }, ONE);
    assert.throws(
      () =>
        clientLimits(
          { limit: 1_024, used: 23 },
          { pools: 1_000, dnsThreads: 2, dnsAddresses: 3, dnsForwards: 0 },
        ),
      /expected at least 2066 for 1000 pools$/,
    );
  });

  test("of this process are read from the system", () => {
    const { limit, used } = openFiles();
    assert.ok(limit >= 64);
    assert.ok(used > 2 && used < limit);
  });
});

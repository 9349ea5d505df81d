import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { type SharedDeadline, sharedDeadline, withDeadline } from "../../../src/net/connection/deadline.ts";
import { NomadConnection } from "../../../src/net/nomad/nomad-connection.ts";
import { IN_TIME } from "./expectations.ts";

/** Stalls this process's only thread, as a garbage collection or a starved machine would. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("an answer that arrived in time counts, also when this process stalled past the deadline", async () => {
  const server = spawn(process.execPath, ["scripts/stand-in-server.ts", "--stdin"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
  const { address } = JSON.parse(line) as { address: string };
  const endpoint = ServerEndpoint.fromLiteral(address);
  const connection = await NomadConnection.open(endpoint, { ...IN_TIME, region: "global" });
  try {
    for (let round = 0; round < 5; round++) {
      const answered = connection.ping({ timeoutMs: 300 });
      // The question leaves in this turn; the answer is in the kernel long before the stall ends.
      await new Promise((resolve) => setImmediate(resolve));
      stall(600);
      await answered;
    }
  } finally {
    connection.close();
    server.stdin.end();
    await once(server, "exit");
  }
});

test("a stall of this process does not count: who could not answer during it has the rest of the time", async () => {
  const answer = withDeadline<string>(
    { timeoutMs: 200 },
    () => new Error("expired"),
    (resolve) => {
      const timer = setTimeout(resolve, 350, "answered");
      return () => {
        clearTimeout(timer);
      };
    },
  );
  stall(300);
  assert.equal(await answer, "answered");
});

suite("a time limit that steps share", () => {
  test("loses a fifth to a stall, whatever its length", () => {
    using left = sharedDeadline({ timeoutMs: 500 });
    stall(700);
    assert.equal(left().timeoutMs, 400);
  });

  test("leaves no timer when it ends", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const end = (): SharedDeadline => {
      using left = sharedDeadline({ timeoutMs: 10_000 });
      return left;
    };
    const left = end();
    t.mock.timers.tick(10_000);
    assert.ok(left().timeoutMs > 8_000);
  });

  test("passes, and then is over", async () => {
    using left = sharedDeadline({ timeoutMs: 100 });
    assert.ok(left().timeoutMs > 60);
    await until(() => left().timeoutMs === 0);
  });
});

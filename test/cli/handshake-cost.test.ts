/** What the program costs servers that count connections without a handshake. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../scripts/lab/until.ts";
import { RealAgent } from "../support/real-agent.ts";
import { type ScriptedServer, scriptedServer } from "../support/scripted-server.ts";

/** Says hello, as databases do, and waits. */
function stays(socket: Socket): void {
  socket.resume().write("hello");
}

/** Says hello and closes: who said nothing is counted. */
function closes(socket: Socket): void {
  socket.resume().end("hello");
}

function pool(servers: readonly ScriptedServer[], settings: object): object {
  return { pools: { db: { servers: servers.map(({ address }) => address), backups: null, ...settings } } };
}

suite("a server that counts connections without a handshake", () => {
  test("ping: none: no connection, though the list is rebalanced again and again", async (t) => {
    const first = await scriptedServer(t, stays);
    const second = await scriptedServer(t, stays);
    const settings = { ping: "none", rebalance: { min_reuse: "50ms", jitter: "0s" } };
    const agent = await RealAgent.start(t, { config: pool([first, second], settings) });
    await until(() => agent.lines.filter(({ msg }) => msg === "new head").length > 5);
    assert.deepEqual([first.accepted(), second.accepted()], [0, 0]);
  });

  test("ping: tcp: one for the head, and two for a next server that closes them", async (t) => {
    const first = await scriptedServer(t, stays);
    const second = await scriptedServer(t, closes);
    const agent = await RealAgent.start(t, { config: pool([first, second], {}) });
    await until(() => second.accepted() === 2);
    // One that refuses is dialled again within a second at most: three more at least, were it treated like that.
    await sleep(3_000);
    assert.deepEqual([first.accepted(), second.accepted()], [1, 2]);
    assert.equal(agent.child.exitCode, null);
  });
});

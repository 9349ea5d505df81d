/** Readers of HTTP, many, slow and silent: DNS answers as without them, and memory stays. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { suite, test } from "node:test";
import { setTimeout as during } from "node:timers/promises";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { ask, open } from "../test/support/http-client.ts";
import { askInThread } from "./support/asking-thread.ts";

const PER_SECOND = 5_000;
const ROUND_MS = 1_500;
const ROUNDS = 2;
const WAITERS = 64;
const STREAMS = 32;
const SILENT = 8;
const EVENTS_PER_SECOND = 10;

function residentMb(pid: number): number {
  const [, kib = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

function roundOf(agent: AgentProcess) {
  const name = "_web._tcp.headwaiter.internal";
  return askInThread({ address: agent.dnsAddress, name, perSecond: PER_SECOND, forMs: ROUND_MS });
}

suite("readers of HTTP", () => {
  test("64 that wait and 32 streams, 8 of them never read: DNS loses nothing and stays fast", async (t) => {
    const pools = { web: { heartbeat: "push", ping: "none", backups: null } };
    await using agent = await AgentProcess.start({ log: { level: "info" }, pools });
    const address = `127.0.0.1:${agent.httpPort}`;
    let beats = 0;
    const push = async () => {
      beats += 1;
      const servers = [{ address: "10.0.0.1:1" }, { address: `10.0.1.${beats % 200}:1` }];
      const body = JSON.stringify({ servers, leader: "10.0.0.1:1", ttl_seconds: 60 });
      assert.equal((await ask(address, "/v1/pools/web/heartbeat", { method: "PUT", body })).status, 200);
    };
    const happening = async (work: Promise<unknown>) => {
      const state = { isOver: false };
      void work.finally(() => {
        state.isOver = true;
      });
      while (!state.isOver) {
        await push();
        await during(1_000 / EVENTS_PER_SECOND);
      }
    };
    await push();
    await roundOf(agent);
    const residentBefore = residentMb(agent.pid);
    const calm: number[] = [];
    const quiet: number[] = [];
    const beside: number[] = [];
    let lost = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = roundOf(agent);
      await happening(before);
      calm.push((await before).p99Ms);
      const readers = { areWanted: true };
      const waiters = Array.from({ length: WAITERS }, async () => {
        let index = "";
        while (readers.areWanted) {
          const reply = await ask(address, `/v1/pools/web?index=${index || "0"}&wait=5s`);
          assert.equal(reply.status, 200);
          index = String(reply.headers["x-headwaiter-index"]);
        }
      });
      const headers = { accept: "application/x-ndjson" };
      const streams: IncomingMessage[] = [];
      for (let count = 0; count < STREAMS; count += 1) {
        const stream = await open(address, "/v1/events", { headers });
        streams.push(count < SILENT ? stream.pause() : stream.resume());
      }
      const idle = await roundOf(agent);
      quiet.push(idle.p99Ms);
      lost += idle.lost;
      const among = roundOf(agent);
      await happening(among);
      const { lost: gone, p99Ms } = await among;
      beside.push(p99Ms);
      lost += gone;
      readers.areWanted = false;
      await push();
      await Promise.all(waiters);
      for (const stream of streams) {
        stream.on("error", () => undefined).destroy();
      }
    }
    const grownMb = residentMb(agent.pid) - residentBefore;
    const [alone, waitedFor, told] = [calm, quiet, beside].map((times) => Math.min(...times)) as [
      number,
      number,
      number,
    ];
    t.diagnostic(
      `p99 alone ${alone.toFixed(2)} ms; readers wait × ${(waitedFor / alone).toFixed(2)}; ` +
        `all are told ${EVENTS_PER_SECOND} events a second × ${(told / alone).toFixed(2)}; ${grownMb.toFixed(0)} MB more`,
    );
    assert.equal(lost, 0);
    // Two cores for the agent, its readers and the one who asks: room for their waits for each other.
    assert.ok(Math.max(waitedFor, told) < 4 * alone + 25, `${waitedFor} and ${told} ms, ${alone} ms alone`);
    assert.ok(grownMb < 80, `${grownMb} MB`);
  });
});

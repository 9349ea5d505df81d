/**
 * Wrong reports from hundreds of addresses, in 10 s from a thousand, as fast as the agent takes them: the head stays,
 * and DNS answers. For figures: HEADWAITER_FLOOD_SECONDS=10.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { askForHead } from "../support/head-asker.ts";
import { ask } from "../support/http-client.ts";
import { RealAgent } from "../support/real-agent.ts";
import { scriptedServer } from "../support/scripted-server.ts";

const SECONDS = Number(process.env["HEADWAITER_FLOOD_SECONDS"] ?? "2");
const SOURCES = 1_000;
const REPORTS_PER_CONNECTION = 20;
const CONNECTIONS = 32;

/** One connection's worth of reports from the address of this number. Resolves with the statuses. */
async function reportsFrom(source: number, port: number, path: string): Promise<readonly string[]> {
  const localAddress = `127.0.${1 + (source >> 8)}.${source & 0xff}`;
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  let text = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
  });
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\n`;
  socket.write(`${head}\r\n`.repeat(REPORTS_PER_CONNECTION - 1));
  socket.write(`${head}Connection: close\r\n\r\n`);
  await once(socket, "close");
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = ""]) => status);
}

test(`wrong reports of up to ${SOURCES} sources for ${SECONDS} s move no head, and ask the server within the limit`, async (t) => {
  const [head, next] = [
    await scriptedServer(t, (socket) => socket.resume()),
    await scriptedServer(t, (socket) => socket.resume()),
  ];
  const web = {
    servers: [head.address, next.address],
    ping: "tcp",
    backups: null,
    rebalance: { min_reuse: "1h" },
  };
  const agent = await RealAgent.start(t, { config: { pools: { web } } });
  const http = `127.0.0.1:${agent.ports.http}`;
  await until(() => head.sockets.size + next.sockets.size === 2);
  const { head: before } = (await ask(http, "/v1/pools/web")).json() as { head: { address: string } };
  const [attacked] = [head, next].filter(({ address }) => address === before.address);
  assert.ok(attacked);
  const path = `/v1/pools/web/servers/${attacked.address}/failed`;
  const address = `127.0.0.1:${agent.ports.dns}`;
  const asker = await askForHead(t, { address, perSecond: 500 }, attacked.port);
  const memoryBefore = agent.memoryMiB();
  const dialsBefore = attacked.accepted();
  const begin = performance.now();
  const isOver = () => performance.now() - begin >= SECONDS * 1_000;
  const statuses = new Map<string, number>();
  let source = 0;
  const attack = async () => {
    while (!isOver()) {
      for (const status of await reportsFrom(source++ % SOURCES, agent.ports.http, path)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, attack));
  const seconds = (performance.now() - begin) / 1_000;
  const dials = attacked.accepted() - dialsBefore;
  await asker.end();
  const counts = asker.counts();
  const grownMiB = agent.memoryMiB() - memoryBefore;
  const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  t.diagnostic(
    `${Math.round(total / seconds)} reports/s of ${Math.min(source, SOURCES)} sources ${JSON.stringify([...statuses])}, ${dials} dials, ` +
      `DNS ${counts.answered} answers, slowest ${counts.maxLatencyMs.toFixed(0)} ms, memory ${grownMiB.toFixed(0)} MiB more`,
  );
  assert.deepEqual([...statuses.keys()].toSorted(), ["200", "429"]);
  assert.ok((statuses.get("429") ?? 0) > 0);
  // Five checks a second and five at once; some dials of the agent's own, for other reasons.
  assert.ok(dials >= 1 && dials <= 5 * seconds + 10, `${dials} dials in ${seconds} s`);
  // What is not collected yet: it levels off, 118 MiB after 588,000 reports in 30 s.
  assert.ok(grownMiB < 192, `${grownMiB} MiB`);
  const { head: after } = (await ask(http, "/v1/pools/web")).json() as { head: object };
  assert.deepEqual(after, before);
});

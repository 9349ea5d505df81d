import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { HeartbeatAnswer } from "../../../src/core/heartbeat.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ConnectionError } from "../../../src/net/connection/connection-error.ts";
import { AskedHeartbeats } from "../../../src/sources/heartbeat/asked-heartbeats.ts";
import type { Contact } from "../../../src/sources/heartbeat/contact.ts";
import { CONFIG, fakePorts, settled } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

function answerOf(leaderRpcAddr: string, numNodes?: number): HeartbeatAnswer {
  const servers = [A, B, C].map((rpcAdvertiseAddr) => ({
    rpcAdvertiseAddr,
    rpcMajorVersion: 1,
    rpcMinorVersion: 0,
    datacenter: "dc1",
  }));
  return { servers, numNodes, leaderRpcAddr };
}

/** A cluster whose servers answer as told; "down" ones reject. */
async function bench(known: readonly string[]) {
  const ports = fakePorts();
  const proxy = new RpcProxy(ports, CONFIG);
  for (const address of known) {
    await proxy.addPrimaryServer(address);
  }
  const answers = new Map<string, HeartbeatAnswer | "down">();
  const asked: { readonly key: string; readonly at: number }[] = [];
  const contacts: Contact[] = [];
  const heartbeat = new AskedHeartbeats({
    ...ports,
    proxy,
    contactChanged: (contact) => contacts.push(contact),
    query: ({ key }) => {
      asked.push({ key, at: ports.clock.now() });
      const answer = answers.get(key) ?? answerOf(A);
      return answer === "down" ? Promise.reject(new Error("connection refused")) : Promise.resolve(answer);
    },
  });
  return { ports, proxy, answers, asked, contacts, heartbeat };
}

test("servers whose addresses nobody can dial are skipped with the reason, said once, and the others count", async () => {
  const { ports, proxy, answers, heartbeat } = await bench([A]);
  const { servers, ...rest } = answerOf(A);
  const odd = ["0.0.0.0:4647", "[ff02::1]:4647", "010.0.0.1:4647", "[::ffff:127.0.0.1]:3"].map(
    (rpcAdvertiseAddr) => ({ rpcAdvertiseAddr, rpcMajorVersion: 1, rpcMinorVersion: 0, datacenter: "dc1" }),
  );
  answers.set(A, { ...rest, servers: [...servers, ...odd] });
  answers.set(B, { ...rest, servers: [...servers, ...odd] });
  answers.set(C, { ...rest, servers: [...servers, ...odd] });
  begin(heartbeat);
  await ports.clock.advance(120_000);
  await end(heartbeat);
  assert.deepEqual(proxy.serverRpcAddrs().toSorted(), [A, B, C]);
  const told = ports.logger.lines.filter(({ message }) =>
    message.startsWith("servers of the heartbeat left out"),
  );
  assert.deepEqual(
    told.map(({ level, message }) => [level, message.split(": ").slice(1).join(": ")]),
    [
      [
        "warn",
        "0.0.0.0:4647: expected an address that can be dialled: 0.0.0.0 is unspecified, where one listens; " +
          "[ff02::1]:4647: expected an address that can be dialled: ff02::1 is multicast; " +
          "010.0.0.1:4647: expected an IPv4 address of four numbers from 0 to 255, without leading zeros",
      ],
    ],
  );
});

suite("when", () => {
  test("the first one comes within 10 s of the start, then every 10 to 20 s", async () => {
    const { ports, asked, heartbeat } = await bench([A]);
    begin(heartbeat);
    await ports.clock.advance(3_600_000);
    await end(heartbeat);
    assert.ok((asked[0]?.at ?? Number.NaN) < 10_000);
    const gaps = asked.slice(1).map(({ at }, i) => at - (asked[i]?.at ?? Number.NaN));
    assert.ok(Math.min(...gaps) >= 10_000 && Math.max(...gaps) <= 20_000, gaps.join(" "));
    assert.ok(Math.max(...gaps) - Math.min(...gaps) > 5_000, "spread");
    assert.equal(ports.clock.pending, 0, "no timer left");
  });

  test("with no server known it asks the first one that turns up, at once", async () => {
    const { ports, proxy, asked, heartbeat } = await bench([]);
    begin(heartbeat);
    await ports.clock.advance(30_000);
    assert.deepEqual(asked, []);
    await proxy.setBackupServers([B]);
    await settled();
    assert.deepEqual(asked, [{ key: B, at: 30_000 }]);
    assert.deepEqual(proxy.serverRpcAddrs().toSorted(), [A, B, C]);
    assert.equal(proxy.snapshot().serversOf("primary").length, 3);
    await end(heartbeat);
  });

  test("a large fleet asks seldom: 100,000 nodes on 3 servers → every 667 to 1,333 s", async () => {
    const { ports, answers, asked, heartbeat } = await bench([A]);
    for (const key of [A, B, C]) {
      answers.set(key, answerOf(A, 100_000));
    }
    begin(heartbeat);
    await ports.clock.advance(4 * 3_600_000);
    await end(heartbeat);
    const gaps = asked.slice(1).map(({ at }, i) => at - (asked[i]?.at ?? Number.NaN));
    assert.ok(Math.min(...gaps) >= 666_000 && Math.max(...gaps) <= 1_334_000, gaps.join(" "));
  });
});

suite("regions", () => {
  const noPath = (key: string) => new ConnectionError("no-path-to-region", key, "No path to region");

  test("that a server is of another one is said once, by who bars it", async () => {
    const { ports, proxy } = await bench([A]);
    const query = ({ key }: { key: string }) => Promise.reject(noPath(key));
    const heartbeat = new AskedHeartbeats({ ...ports, proxy, contactChanged: () => undefined, query });
    begin(heartbeat);
    await ports.clock.advance(60_000);
    await end(heartbeat);
    assert.deepEqual(new Set(ports.logger.lines.map(({ level }) => level)), new Set(["debug"]));
    const status = heartbeat.status();
    assert.deepEqual(status, {
      phase: "failing",
      since: "since" in status ? status.since : undefined,
      lastSuccessAt: undefined,
      lastError: `server ${A}: No path to region`,
    });
  });

  test("while all servers are of another one, they are asked for servers of ours", async () => {
    const { ports, proxy, asked, heartbeat } = await bench([A]);
    const server = proxy.findServer();
    assert.ok(server !== undefined);
    proxy.barServer(server, { source: "region" });
    begin(heartbeat);
    await proxy.setBackupServers([A]);
    await ports.clock.advance(60_000);
    await end(heartbeat);
    assert.equal(asked[0]?.key, A);
    assert.deepEqual(proxy.serverRpcAddrs().toSorted(), [B, C]);
  });
});

suite("a fleet that was said to be far larger than it is", () => {
  test("half a billion nodes are not believed: the period stays", async () => {
    const { ports, proxy, answers, asked, heartbeat } = await bench([A]);
    answers.set(A, answerOf(A, 500_000_000));
    begin(heartbeat);
    await ports.clock.advance(3_600_000);
    await end(heartbeat);
    assert.ok(asked.length >= 180, `${asked.length} heartbeats in an hour`);
    assert.equal(proxy.numNodes(), 0);
    assert.equal(ports.logger.lines.filter(({ level }) => level === "warn").length, 1);
  });

  test("10,000,000 nodes: a heartbeat every 15 to 30 min", async () => {
    const { ports, answers, asked, heartbeat } = await bench([A]);
    for (const key of [A, B, C]) {
      answers.set(key, answerOf(A, 10_000_000));
    }
    begin(heartbeat);
    await ports.clock.advance(24 * 3_600_000);
    await end(heartbeat);
    const gaps = asked.slice(1).map(({ at }, i) => at - (asked[i]?.at ?? Number.NaN));
    assert.ok(Math.min(...gaps) >= 900_000 && Math.max(...gaps) <= 1_800_000, gaps.join(" "));
  });

  test("when the fleet changes, the next heartbeat comes earlier, and contact is lost earlier without it", async () => {
    const { ports, proxy, answers, asked, contacts, heartbeat } = await bench([A]);
    answers.set(A, answerOf(A, 10_000_000));
    begin(heartbeat);
    await ports.clock.advance(10_000);
    assert.equal(asked.length, 1);
    for (const key of [A, B, C]) {
      answers.set(key, "down");
    }
    await ports.clock.advance(120_000);
    assert.equal(asked.length, 1);
    await proxy.refreshServerLists(answerOf(A).servers, 30, A);
    await ports.clock.advance(0);
    assert.equal(asked.at(-1)?.at, ports.clock.now(), "asked at once");
    await ports.clock.advance(61_000);
    assert.deepEqual(contacts, ["orphaned"], "three periods of at most 20 s");
    await end(heartbeat);
    assert.equal(ports.clock.pending, 0);
  });
});

suite("failure", () => {
  test("the next server of the list is asked at once, and the head stays", async () => {
    const { ports, proxy, answers, asked, heartbeat } = await bench([A, B, C]);
    answers.set(A, "down");
    begin(heartbeat);
    await ports.clock.advance(10_000);
    await end(heartbeat);
    assert.deepEqual(
      asked.slice(0, 2).map(({ key }) => key),
      [A, B],
    );
    assert.equal(asked[0]?.at, asked[1]?.at);
    assert.equal(proxy.findServer()?.key, A);
  });

  test("when all are down the waits stay under 30 s, every server is asked, and one warning is logged", async () => {
    const { ports, answers, asked, heartbeat } = await bench([A, B, C]);
    for (const key of [A, B, C]) {
      answers.set(key, "down");
    }
    begin(heartbeat);
    await ports.clock.advance(3_600_000);
    await end(heartbeat);
    assert.equal(new Set(asked.map(({ key }) => key)).size, 3);
    const gaps = asked.slice(1).map(({ at }, i) => at - (asked[i]?.at ?? Number.NaN));
    assert.ok(Math.max(...gaps) <= 30_000);
    assert.ok(asked.length < 2 * 600, `${asked.length} questions in an hour`);
    assert.equal(ports.logger.lines.filter(({ level }) => level === "warn").length, 1);
    assert.equal(heartbeat.status().phase, "failing");
  });

  test("a number of nodes that is not told leaves the last one", async () => {
    const { ports, proxy, answers, heartbeat } = await bench([A]);
    await proxy.refreshServerLists(answerOf(A).servers, 77, A);
    answers.set(A, answerOf(A, undefined));
    begin(heartbeat);
    await ports.clock.advance(10_000);
    await end(heartbeat);
    assert.equal(proxy.numNodes(), 77);
  });
});

/** The first heartbeat within 10 s, the next one when an election would be over. */
const TWO_HEARTBEATS_MS = 10_000 + 16_000;

suite("leader", () => {
  test("a head that has named no leader for longer than elections take is as good as failed while another server names one", async () => {
    const { ports, proxy, answers, asked, contacts, heartbeat } = await bench([A, B, C]);
    answers.set(A, answerOf(""));
    answers.set(B, answerOf(C));
    begin(heartbeat);
    await ports.clock.advance(10_000);
    assert.equal(proxy.findServer()?.key, A, "it may be an election");
    assert.equal(proxy.leaderAddr(), C, "but the other one is listened to");
    await ports.clock.advance(16_000);
    await end(heartbeat);
    assert.equal(proxy.findServer()?.key, B);
    assert.equal(proxy.leaderAddr(), C);
    const rotation = proxy.history().find(({ cause }) => cause.occurrence === "server-failed");
    assert.equal(rotation?.cause.source, "heartbeat");
    assert.equal(rotation.cause.reason, `names no leader, while ${B} names ${C}, which answers`);
    const heard = proxy.history().filter(({ cause }) => cause.occurrence === "heartbeat-received");
    assert.ok(heard.every(({ cause }) => cause.server === B));
    assert.equal(asked.filter(({ key }) => key === C).length, 2, "the leader is asked whether it lives");
    assert.deepEqual(contacts, []);
  });

  test("in a large fleet, too, the head is asked again when an election would be over, once", async () => {
    const { ports, proxy, answers, asked, heartbeat } = await bench([A, B, C]);
    for (const key of [A, B, C]) {
      answers.set(key, answerOf("", 100_000));
    }
    begin(heartbeat);
    await ports.clock.advance(600_000);
    await end(heartbeat);
    const times = asked.filter(({ key }) => key === A).map(({ at }) => at);
    assert.deepEqual(times, [times[0], (times[0] ?? 0) + 16_000]);
    assert.equal(proxy.findServer()?.key, A);
  });

  test("a head that names a leader again meanwhile has all the time once more", async () => {
    const { ports, proxy, answers, heartbeat } = await bench([A, B, C]);
    answers.set(B, answerOf(B));
    begin(heartbeat);
    for (let election = 0; election < 20; election++) {
      answers.set(A, answerOf(""));
      await ports.clock.advance(14_000);
      answers.set(A, answerOf(B));
      await ports.clock.advance(21_000);
    }
    await end(heartbeat);
    assert.equal(proxy.findServer()?.key, A);
  });

  for (const [what, leader] of [
    ["that does not answer", C],
    ["that is not listed", "127.0.0.9:9"],
    ["that is no address", "nobody:here:at:all"],
  ] as const) {
    test(`a follower that names a leader ${what} is not believed: the head stays`, async () => {
      const { ports, proxy, answers, asked, contacts, heartbeat } = await bench([A, B, C]);
      answers.set(A, answerOf(""));
      answers.set(B, answerOf(leader));
      answers.set(C, "down");
      begin(heartbeat);
      await ports.clock.advance(600_000);
      await end(heartbeat);
      assert.equal(proxy.findServer()?.key, A);
      assert.deepEqual(contacts, ["orphaned"]);
      const times = asked.filter(({ key }) => key === C).map(({ at }) => at);
      assert.equal(new Set(times).size, times.length, "asked once a heartbeat");
    });
  }

  test("the leader may be the head itself, which has lost it: then the head is left, too", async () => {
    const { ports, proxy, answers, heartbeat } = await bench([A, B, C]);
    answers.set(A, answerOf(""));
    answers.set(B, answerOf(A));
    begin(heartbeat);
    await ports.clock.advance(TWO_HEARTBEATS_MS);
    await end(heartbeat);
    assert.equal(proxy.findServer()?.key, B);
  });

  test("a head that is no longer the one that named no leader is not moved", async () => {
    const { ports, proxy, answers, heartbeat } = await bench([A, B, C]);
    answers.set(A, answerOf(""));
    answers.set(B, answerOf(C));
    begin(heartbeat);
    await ports.clock.advance(10_000);
    const server = proxy.findServer() ?? assert.fail("no head");
    answers.set(A, {
      ...answerOf(""),
      get leaderRpcAddr() {
        proxy.notifyFailedServer(server, { source: "health" });
        return "";
      },
    });
    await ports.clock.advance(16_000);
    await end(heartbeat);
    assert.equal(proxy.findServer()?.key, B);
    const failures = proxy.history().filter(({ cause }) => cause.occurrence === "server-failed");
    assert.deepEqual(
      failures.map(({ cause }) => cause.source),
      ["health"],
    );
  });

  test("the next server may sit in the same minority: the head is one that names a leader", async () => {
    const { ports, proxy, answers, heartbeat } = await bench([A, B, C]);
    answers.set(A, answerOf(""));
    answers.set(B, answerOf(""));
    answers.set(C, answerOf(C));
    begin(heartbeat);
    await ports.clock.advance(TWO_HEARTBEATS_MS);
    await end(heartbeat);
    assert.equal(proxy.findServer()?.key, C);
    assert.deepEqual(proxy.serverRpcAddrs(), [C, A, B]);
  });

  test("a server that died is passed over, whoever named it a leader", async () => {
    const { ports, proxy, answers, heartbeat } = await bench([A, B, C]);
    answers.set(A, answerOf(""));
    answers.set(B, "down");
    answers.set(C, answerOf(C));
    begin(heartbeat);
    await ports.clock.advance(TWO_HEARTBEATS_MS);
    await end(heartbeat);
    assert.deepEqual(proxy.serverRpcAddrs(), [C, A, B]);
  });

  test("when the server that names a leader leaves the list meanwhile, the order stays", async () => {
    const { ports, proxy, answers, heartbeat } = await bench([A, B, C]);
    answers.set(A, answerOf(""));
    answers.set(B, answerOf(""));
    let orderThen: readonly string[] = [];
    proxy.subscribe((next, { size }) => {
      orderThen = next.size < size ? next.servers.map(({ key }) => key) : orderThen;
    });
    const leaving = answerOf(C);
    answers.set(C, {
      ...leaving,
      get leaderRpcAddr() {
        const server = proxy.snapshot().members.get(C);
        if (server !== undefined) {
          proxy.removeServer(server.endpoint);
        }
        return leaving.leaderRpcAddr;
      },
    });
    begin(heartbeat);
    await ports.clock.advance(TWO_HEARTBEATS_MS);
    await end(heartbeat);
    assert.deepEqual(orderThen, [A, B]);
    assert.deepEqual(proxy.serverRpcAddrs().slice(0, 2), [A, B]);
  });

  test("when nobody names a leader the head stays, and contact is lost until somebody does", async () => {
    const { ports, proxy, answers, contacts, heartbeat } = await bench([A, B, C]);
    for (const key of [A, B, C]) {
      answers.set(key, answerOf(""));
    }
    begin(heartbeat);
    await ports.clock.advance(10_000);
    assert.equal(proxy.findServer()?.key, A);
    assert.deepEqual(contacts, ["orphaned"]);
    answers.clear();
    await ports.clock.advance(20_000);
    assert.deepEqual(contacts, ["orphaned", "held"]);
    await end(heartbeat);
  });
});

test("without a heartbeat for three periods contact is lost", async () => {
  const { ports, answers, contacts, heartbeat } = await bench([A]);
  answers.set(A, "down");
  answers.set(B, "down");
  answers.set(C, "down");
  begin(heartbeat);
  await ports.clock.advance(59_000);
  assert.deepEqual(contacts, []);
  await ports.clock.advance(2_000);
  assert.deepEqual(contacts, ["orphaned"]);
  await end(heartbeat);
  assert.equal(ports.clock.pending, 0);
});

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { decodeMulti } from "@msgpack/msgpack";
import { until } from "../../scripts/lab/until.ts";
import { StandInServer } from "../../src/dev/stand-in-server.ts";
import type { StandInView } from "../../src/dev/stand-in-view.ts";
import { RECORDED, type RecordedExchange } from "../net/nomad/recorded-exchanges.ts";

/** What the stand-in doesn't speak: no heartbeat needs it. */
const NOT_SPOKEN = new Set(["version", "update-status-unknown-node"]);

/** Node ids of the recorded cluster, which a stand-in makes up. */
const IDS: Readonly<Record<string, string>> = {
  s1: "e8e92833-d215-0c91-91f3-595dc68a20a7",
  s2: "ac8463ba-28e1-8d95-2217-fe21bcc8f1c2",
  s3: "80896df5-be29-3e09-c560-665d405c5b17",
};

/** The recorded cluster: s1, s2, s3 on ports ending in 57, 67, 77; peers are listed in either direction. */
function viewOf({ server, role }: RecordedExchange): Partial<StandInView> {
  const old = server === "0.4.0";
  const base = old ? 24600 : 14600;
  const member = (name: string, port: number) => ({
    name,
    address: `127.0.0.1:${base + port}`,
    tags: { id: IDS[name] },
  });
  const members = [member("s3", 77), member("s2", 67), member("s1", 57)];
  return {
    name: role === "leader" ? "s2" : "s1",
    generation: old ? "0.4" : "1.0",
    members: role === "no-quorum" ? members.toReversed() : members,
    leader: role === "no-quorum" ? "" : `127.0.0.1:${old ? 24677 : 14667}`,
    leaderWaitMs: 20,
  };
}

interface Reaction {
  readonly received: Buffer;
  readonly closed: boolean;
}

/**
 * Sends the bytes and collects what comes back, until it is as much as a real server sent, and closed if that one
 * closed.
 */
async function reactionTo(address: string, exchange: RecordedExchange): Promise<Reaction> {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host);
  let received = Buffer.alloc(0);
  let closed = false;
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  socket.on("end", () => {
    closed = true;
  });
  socket.write(exchange.sent);
  await until(
    () => received.length >= exchange.received.length && (closed || !exchange.connectionClosedByServer),
  );
  socket.destroy();
  return { received, closed };
}

const sorted = (bytes: Buffer) => Buffer.from(bytes.toSorted()).toString("hex");

/** Members and their tags come in the random order of a Go map: the same bytes, in another order. */
function comparable(bytes: Buffer): unknown {
  const [header, body] = [...decodeMulti(bytes)] as [unknown, { Members: { Name: string }[] }];
  const members = body.Members.toSorted((one, other) => one.Name.localeCompare(other.Name));
  return { header, body: { ...body, Members: members } };
}

for (const exchange of RECORDED.filter(({ name }) => !NOT_SPOKEN.has(name))) {
  test(`stand-in as ${exchange.title}: the same bytes as the real server`, async () => {
    const server = new StandInServer({ view: viewOf(exchange) });
    await server.start();
    try {
      const { received, closed } = await reactionTo(server.address, exchange);
      assert.equal(closed, exchange.connectionClosedByServer);
      if (exchange.name === "members" && exchange.server !== "0.4.0") {
        assert.equal(sorted(received), sorted(exchange.received));
        assert.deepEqual(comparable(received), comparable(exchange.received));
      } else {
        assert.equal(received.toString("hex"), exchange.received.toString("hex"));
      }
    } finally {
      await server.stop();
    }
  });
}

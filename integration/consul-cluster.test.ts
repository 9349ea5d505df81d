import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ConsulDatacenter } from "./support/consul-cluster.ts";
import { ContainerNetwork } from "./support/container-network.ts";

/** Elections and anti-entropy take up to 4 s on a quiet machine; ten times that on a busy one. */
const deadlineMs = 40_000;
const pollMs = 100;

/** The first answer of `look` that is not undefined. An error counts as no answer yet. */
const eventually = async <Answer>(what: string, look: () => Promise<Answer | undefined>): Promise<Answer> => {
  const deadline = performance.now() + deadlineMs;
  let lastError: unknown;
  while (performance.now() < deadline) {
    const answer = await look().catch((error: unknown) => {
      lastError = error;
      return undefined;
    });
    if (answer !== undefined) return answer;
    await pause(pollMs);
  }
  throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: lastError });
};

test("a cut-off leader is replaced, and follows the new one when it comes back", async () => {
  await using network = await ContainerNetwork.create();
  await using datacenter = await ConsulDatacenter.start(network);
  await datacenter.client.http.register({ name: "web", address: "192.0.2.1", port: 80 });
  const seen = await eventually("the service", async () => (await datacenter.client.http.passing("web"))[0]);
  assert.equal(seen.node, "dc1-client");

  const old = await eventually("a leader", () => datacenter.leader());
  await old.consul.partition();
  // Its published port still answers: the partition cuts only what joins the members.
  await eventually("the loss of leadership", async () =>
    (await old.consul.http.leader()) === undefined ? true : undefined,
  );
  // Asked of another server: the client may hang on its connection to the one that was cut off.
  const witness = datacenter.servers.find(({ address }) => address !== old.address);
  const successor = await eventually("a successor", async () => {
    const leader = await datacenter.leader(witness?.consul);
    return leader?.address === old.address ? undefined : leader;
  });

  await old.consul.heal();
  await eventually("the return", async () => {
    const leader = await datacenter.leader(old.consul);
    return leader !== undefined && leader.address !== old.address ? leader : undefined;
  });
  assert.notEqual(successor.address, old.address);
});

test("a datacenter sees the services of another one over the WAN", async () => {
  await using network = await ContainerNetwork.create();
  await using near = await ConsulDatacenter.start(network, { servers: 1 });
  await using far = await ConsulDatacenter.start(network, {
    name: "dc2",
    servers: 1,
    joinWan: near.addresses,
  });
  await far.client.http.register({ name: "web", address: "192.0.2.2", port: 80 });
  const seen = await eventually(
    "the far service",
    async () => (await near.client.http.passing("web", "dc2"))[0],
  );
  assert.deepEqual([seen.node, seen.address], ["dc2-client", "192.0.2.2"]);
});

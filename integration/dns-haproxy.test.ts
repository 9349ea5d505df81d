/** HAProxy in front of servers that are killed: all it knows of them is what the agent answers. */
import { execFileSync } from "node:child_process";
import { before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { startServers } from "../scripts/lab/server-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import { ServerEndpoint } from "../src/core/server-endpoint.ts";
import { NomadClient } from "../src/net/nomad/nomad-client.ts";
import { startHaproxy } from "./support/haproxy.ts";

/** The agent notices a death within 1 s on a busy machine, HAProxy asks every 0.1 s; the rest is room. */
const AFTER_KILL_MS = 3_000;

before(() => {
  execFileSync(fileURLToPath(new URL("../scripts/dns-peers", import.meta.url)), { stdio: "inherit" });
});

/** The server that a new connection to this port ends at, as it names itself; otherwise why there is none. */
async function serverBehind(port: number): Promise<string> {
  const client = new NomadClient(ServerEndpoint.fromLiteral(`127.0.0.1:${port}`), { region: "global" });
  try {
    return await client.leader({ timeoutMs: 1_000, allowStale: true });
  } catch (error) {
    return String(error);
  } finally {
    client.close();
  }
}

suite("HAProxy in front of an agent", () => {
  test("follows the head through a kill, and through the next one", async (t) => {
    await using cluster = await startServers(3);
    // What a server calls its leader is all that HAProxy's client sees of it: here each names itself.
    await Promise.all(cluster.servers.map((server) => server.know({ leader: server.address })));
    const pool = { servers: cluster.addresses, heartbeat: "none", backups: null };
    await using agent = await AgentProcess.start({ pools: { nomad: pool } });
    const port = await startHaproxy(t, "tcp", agent.dnsAddress, async (port) =>
      cluster.addresses.includes(await serverBehind(port)),
    );
    for (let kill = 1; kill <= 2; kill++) {
      const [head = "", next = ""] = await agent.srv("_nomad._tcp.all");
      const isAt = (address: string) => (seen: string) => seen === address;
      await untilSeen("HAProxy leads to the head", AFTER_KILL_MS, () => serverBehind(port), isAt(head));
      cluster.servers.find(({ address }) => address === head)?.kill();
      await untilSeen("HAProxy leads to the next", AFTER_KILL_MS, () => serverBehind(port), isAt(next));
    }
  });
});

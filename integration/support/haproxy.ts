import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { freePort } from "../../scripts/lab/free-port.ts";
import { PeerProcess } from "../../scripts/lab/peer-process.ts";

/**
 * Runs HAProxy until the test ends: a port of 127.0.0.1 that leads to the head of pool `nomad`, which it asks the agent
 * for ten times a second, by the recipe of docs/dns.md.
 * @param agent `host:port` of DNS.
 * @param isReady asked until it says yes: HAProxy listens before it knows a server.
 */
export async function startHaproxy(
  t: TestContext,
  mode: "http" | "tcp",
  agent: string,
  isReady: (port: number) => Promise<boolean>,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "haproxy-"));
  t.after(() => rm(folder, { recursive: true }));
  const port = await freePort();
  const file = join(folder, "haproxy.cfg");
  await writeFile(file, configuration(mode, agent, port));
  const haproxy = new PeerProcess("haproxy", ["-db", "-f", file]);
  t.after(() => haproxy.stop());
  await haproxy.ready(() => isReady(port));
  return port;
}

function configuration(mode: string, agent: string, port: number): string {
  return `
resolvers headwaiter
  nameserver agent ${agent}
  accepted_payload_size 1232
  timeout resolve 100ms
  timeout retry 100ms
  hold valid 100ms
defaults
  mode ${mode}
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend in
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  server-template nomad 1 _nomad._tcp.headwaiter.internal resolvers headwaiter init-addr none
`;
}

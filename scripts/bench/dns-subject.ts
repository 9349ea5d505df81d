/**
 * The agent's DNS server in a process of its own, for scripts/bench/dns.ts: `PORT SERVER,SERVER… SOCKETS LISTENER
 * [stall]`. With `stall` the main thread stands still 40 ms of every 400 ms.
 */

import { RpcProxy } from "../../src/index.ts";
import { silentLogger, systemClock } from "../../src/system-ports.ts";
import { DnsServer } from "../../src/views/dns/dns-server.ts";

const STALL_MS = 40;
const STALL_INTERVAL_MS = 400;

const [port, servers = "", sockets, listener, stall] = process.argv.slice(2);
const proxy = new RpcProxy(
  { pinger: { ping: () => Promise.resolve() } },
  { region: "global", datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 1 },
);
for (const address of servers.split(",")) {
  await proxy.addPrimaryServer(address);
}
const dns = new DnsServer({
  listen: [{ host: "127.0.0.1", port: Number(port) }],
  domain: "headwaiter.internal",
  ttlSeconds: 0,
  negativeTtlSeconds: 1,
  sockets: sockets === "2" ? 2 : 1,
  listener: listener === "dns2" ? "dns2" : "auto",
  logger: silentLogger,
  clock: systemClock,
});
dns.update(new Map([["nomad", { snapshot: proxy.snapshot(), state: "live" }]]));
await dns.start();
if (stall === "stall") {
  setInterval(() => {
    for (const end = performance.now() + STALL_MS; performance.now() < end; );
  }, STALL_INTERVAL_MS);
}
process.once("SIGTERM", () => {
  process.exit(0);
});

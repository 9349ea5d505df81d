/**
 * The DNS server asked from addresses that are not loopback, and from ports of services. For a network of its own, in
 * which 192.0.2.0/24 and 198.51.100.0/24 are this machine's: `scripts/own-network`. Prints what came back as JSON.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { until } from "../../scripts/lab/until.ts";
import { askTcp, framed } from "../../test/views/dns/dns-client.ts";
import { manyServers, pool } from "../../test/views/dns/pools.ts";
import { started } from "../../test/views/dns/serving.ts";
import { query } from "../../test/views/dns/zone-text.ts";

const RATE = 20;
const HEAD = query("_nomad._tcp.headwaiter.internal. IN SRV +edns=0");
const LIST = query("_nomad._tcp.all.headwaiter.internal. IN SRV +edns=0");

const { dns, address } = await started(
  { nomad: pool("live", manyServers(11)) },
  { listen: [{ host: "192.0.2.1", port: 0 }], rateLimit: RATE },
);

/** The answers to these, asked at once from there. */
async function answers(from: string, port: number, queries: readonly Buffer[]) {
  // Room for all answers: this process may not get to read them before the last one is there.
  const socket = createSocket({ type: "udp4", recvBufferSize: 1_048_576 });
  socket.bind(port, from);
  await once(socket, "listening");
  const replies: Buffer[] = [];
  socket.on("message", (reply) => replies.push(reply));
  const dropped = () => dns.counters().events.dropped;
  const before = dropped();
  for (const message of queries) {
    socket.send(message, address.port, address.host);
  }
  await until(() => replies.length + dropped() - before === queries.length);
  socket.close();
  const isTruncated = (reply: Buffer) => ((reply[2] ?? 0) & 0x02) !== 0;
  return {
    whole: replies.filter((reply) => !isTruncated(reply)).length,
    truncated: replies.filter(isTruncated).length,
    longest: Math.max(0, ...replies.map(({ length }) => length)),
  };
}

const ports = [7, 13, 19, 37, 53, 69, 123, 161, 389, 1023, 1900, 11_211, 40_000];
const answeredPorts: number[] = [];
for (const [index, port] of ports.entries()) {
  const { whole } = await answers(`127.0.0.${index + 2}`, port, [HEAD]);
  answeredPorts.push(...(whole > 0 ? [port] : []));
}
const { replies } = await askTcp({ host: "192.0.2.1", port: address.port }, [framed(LIST)]);
console.log(
  JSON.stringify({
    answeredPorts,
    flood: await answers("198.51.100.7", 40_000, Array<Buffer>(100).fill(HEAD)),
    neighbour: await answers("198.51.100.8", 40_000, Array<Buffer>(10).fill(HEAD)),
    loopback: await answers("127.0.0.1", 40_000, Array<Buffer>(100).fill(HEAD)),
    list: await answers("192.0.2.9", 40_000, [LIST]),
    listOverTcp: replies[0]?.readUInt16BE(6),
    events: dns.counters().events,
  }),
);
await dns.stop();

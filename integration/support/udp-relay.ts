import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";
import type { DnsAddress } from "../../src/views/dns/thread-messages.ts";

interface UdpRelay {
  readonly address: DnsAddress;
  /** What clients sent, in order. */
  readonly messages: readonly Buffer[];
}

/** Hands datagrams on to a server and its answers back, until the test ends: shows what a client really sends. */
export async function startUdpRelay(t: TestContext, server: DnsAddress): Promise<UdpRelay> {
  const messages: Buffer[] = [];
  const front = createSocket("udp4");
  t.after(() => front.close());
  front.on("message", (message, client) => {
    messages.push(message);
    const back = createSocket("udp4");
    t.after(() => back.close());
    back.on("message", (reply) => {
      front.send(reply, client.port, client.address);
    });
    back.send(message, server.port, server.host);
  });
  front.bind(0, "127.0.0.1");
  await once(front, "listening");
  return { address: { host: "127.0.0.1", port: front.address().port }, messages };
}

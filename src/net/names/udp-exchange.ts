import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { type ExchangeLimits, exchange } from "./exchange.ts";
import type { Nameserver } from "./nameserver.ts";
import { isReplyTo, MAX_UDP_SIZE, type SentQuery } from "./query.ts";

/**
 * Asks by UDP from a port of its own (RFC 5452), connected: the kernel drops what others send and reports a closed port
 * at once. Whatever is no reply to the query is ignored until the deadline.
 * @throws ResolveError, see `exchange`.
 */
export function askByUdp(nameserver: Nameserver, query: SentQuery, limits: ExchangeLimits): Promise<Buffer> {
  return exchange(limits, (end) => {
    const socket = createSocket(isIPv6(nameserver.address) ? "udp6" : "udp4");
    socket.on("error", end.failed);
    socket.on("message", (message) => {
      if (message.length <= MAX_UDP_SIZE && isReplyTo(query, message)) {
        end.answered(message);
      }
    });
    socket.on("connect", () => {
      socket.send(query.bytes);
    });
    socket.connect(nameserver.port, nameserver.address);
    return () => {
      socket.close();
    };
  });
}

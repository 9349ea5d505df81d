import { connect } from "node:net";
import { type ExchangeLimits, exchange } from "./exchange.ts";
import type { Nameserver } from "./nameserver.ts";
import { isReplyTo, type SentQuery } from "./query.ts";
import { ResolveError } from "./resolve-error.ts";

/**
 * The longest answer taken by TCP: about 250 IPv4 or 140 IPv6 addresses of one name. The cap also bounds what a hostile
 * chain of compression pointers can make dns2 do (measured: 26 ms for 4 KB, 4.5 s for 64 KB).
 */
const MAX_TCP_SIZE = 4_096;

/** RFC 1035, section 4.2.2: each message is preceded by its length. */
const LENGTH_SIZE = 2;

/**
 * Asks by TCP, on a connection for this question alone.
 * @param maxSize bytes of the longest answer taken; more than the default only where dns2 does not parse it.
 * @throws ResolveError, see `exchange`; `malformed-answer` when the answer is too long or no reply to the query.
 */
export function askByTcp(
  nameserver: Nameserver,
  query: SentQuery,
  limits: ExchangeLimits,
  maxSize = MAX_TCP_SIZE,
): Promise<Buffer> {
  return exchange(limits, (end) => {
    const socket = connect(nameserver.port, nameserver.address);
    let received: Buffer = Buffer.alloc(0);
    socket.on("error", end.failed);
    socket.on("end", () => {
      end.failed(new ResolveError("unreachable", "closed the connection before answering"));
    });
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const size = received.length < LENGTH_SIZE ? undefined : received.readUInt16BE(0);
      if (size === undefined) {
        return;
      }
      if (size > maxSize) {
        end.failed(
          new ResolveError("malformed-answer", `answer of ${size} bytes, expected at most ${maxSize}`),
        );
      } else if (received.length >= LENGTH_SIZE + size) {
        const message = received.subarray(LENGTH_SIZE, LENGTH_SIZE + size);
        if (isReplyTo(query, message)) {
          end.answered(message);
        } else {
          end.failed(new ResolveError("malformed-answer", "answer belongs to another question"));
        }
      }
    });
    const length = Buffer.alloc(LENGTH_SIZE);
    length.writeUInt16BE(query.bytes.length);
    socket.write(Buffer.concat([length, query.bytes]));
    return () => {
      socket.destroy();
    };
  });
}

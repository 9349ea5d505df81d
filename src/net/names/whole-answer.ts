import type { ExchangeLimits } from "./exchange.ts";
import type { Nameserver } from "./nameserver.ts";
import type { SentQuery } from "./query.ts";
import { askByTcp } from "./tcp-exchange.ts";
import { askByUdp } from "./udp-exchange.ts";

/** The longest message of TCP. */
const MAX_MESSAGE = 65_535;
/** RFC 1035, section 4.1.1: in the third byte of the header. */
const TRUNCATED = 0b10;

/**
 * The answer of one nameserver as it came, read no further than its question: by UDP first, unless TCP is asked for,
 * and by TCP when it is truncated. The time is for both.
 * @throws ResolveError, see `exchange`; `malformed-answer` of an answer by TCP that is no reply to the query.
 */
export async function askForWhole(
  nameserver: Nameserver,
  query: SentQuery,
  transport: "udp" | "tcp",
  limits: ExchangeLimits,
): Promise<Buffer> {
  const begunAt = performance.now();
  if (transport === "udp") {
    const answer = await askByUdp(nameserver, query, limits);
    if ((answer.readUInt8(2) & TRUNCATED) === 0) {
      return answer;
    }
  }
  const leftMs = Math.max(1, limits.timeoutMs - (performance.now() - begunAt));
  return await askByTcp(nameserver, query, { ...limits, timeoutMs: leftMs }, MAX_MESSAGE);
}

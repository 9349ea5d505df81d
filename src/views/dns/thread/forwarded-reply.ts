/** What another DNS server answered, in the form of our own answers. */
import { type EncodedReply, NO_ENDS } from "../table/answer-table.ts";
import { RCODE, type Rcode, TYPE } from "../zone/record.ts";
import { recordEnd, typeOf } from "./query.ts";

const RCODES: ReadonlySet<number> = new Set(Object.values(RCODE));

/**
 * Reads a message that answers a question which ends at `questionEnd`, as the question of the one who asked us does:
 * names in records point at what comes before them, so they stay right. The OPT is left out, for each hop has its own,
 * and what is behind it, which nobody needs. `undefined` when the message is malformed, or its response code is none
 * that we send. Bounded work, no exception: a name is stepped over, and no pointer followed.
 */
export function forwardedReply(message: Uint8Array, questionEnd: number): EncodedReply | undefined {
  const counts = [6, 8, 10].map((offset) => ((message[offset] ?? 0) << 8) | (message[offset + 1] ?? 0));
  const [answerCount = 0, authorityCount = 0, additionalCount = 0] = counts;
  const sections = sectionsOf(message, questionEnd, answerCount + authorityCount + additionalCount);
  const rcode = (message[3] ?? 0) & 0x0f;
  if (sections === undefined || !isKnown(rcode) || sections.ends.length < answerCount + authorityCount) {
    return undefined;
  }
  const { ends } = sections;
  const relative = ends.map((end) => end - questionEnd);
  const required = relative[answerCount + authorityCount - 1] ?? 0;
  return {
    rcode,
    authoritative: ((message[2] ?? 0) & 0x04) !== 0,
    extendedError: undefined,
    mayWait: false,
    answerCount,
    authorityCount,
    additionalCount: ends.length - answerCount - authorityCount,
    records: Uint8Array.from(message.subarray(questionEnd, ends.at(-1) ?? questionEnd)),
    requiredLength: required,
    answerEnds: answerCount === 0 ? NO_ENDS : Uint16Array.from(relative.slice(0, answerCount)),
    zonePointers: [],
    zoneLength: 0,
  };
}

/** Where each record ends, up to the OPT; `undefined` when one can't be read, or the OPT has more of an rcode. */
function sectionsOf(
  message: Uint8Array,
  start: number,
  count: number,
): { readonly ends: readonly number[] } | undefined {
  const ends: number[] = [];
  let offset = start;
  while (ends.length < count) {
    const end = recordEnd(message, offset);
    if (end === 0) {
      return undefined;
    }
    if (typeOf(message, offset) === TYPE.OPT) {
      // Owned by the root: a byte, then type, class, and the upper bits of the response code.
      return message[offset] === 0 && message[offset + 5] === 0 ? { ends } : undefined;
    }
    ends.push(end);
    offset = end;
  }
  return { ends };
}

function isKnown(rcode: number): rcode is Rcode {
  return RCODES.has(rcode);
}

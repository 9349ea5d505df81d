/** Reads the bytes of a query: the guard in front of everything else. Bounded work, no exception, no allocation. */
import { HASH_START, hashByte } from "../table/domain-name.ts";
import { TYPE } from "../zone/record.ts";

export const HEADER_LENGTH = 12;
const MAX_NAME_LENGTH = 255;
const MAX_LABEL_LENGTH = 63;
// OPT and one more (a TSIG or SIG(0)): more than that nobody sends.
const MAX_ADDITIONAL = 2;
// RFC 6891 6.2.3: sizes below 512 count as 512.
const MIN_PAYLOAD = 512;

/**
 * What to do with a message. `drop`: send nothing. `malformed`: FORMERR. `unsupported`: NOTIMP.
 * `bad-version`: BADVERS. `question`: the fields of the query are filled, answer it.
 */
export type Verdict = "drop" | "malformed" | "unsupported" | "bad-version" | "question";

/**
 * One query, read in place. A single instance is filled again for each message, so that reading costs no memory;
 * its fields hold until the next `read`.
 */
export class Query {
  /** Where the question ends; `HEADER_LENGTH` when there is none that can be read. */
  questionEnd = HEADER_LENGTH;
  type = 0;
  class = 0;
  /** The name in lower-case wire form: the first `nameLength` bytes. */
  readonly name = new Uint8Array(MAX_NAME_LENGTH);
  nameLength = 0;
  nameHash = 0;
  /** Where each label begins in `name`. */
  readonly labelStarts = new Uint8Array(MAX_NAME_LENGTH);
  labelCount = 0;
  hasOpt = false;
  dnssecOk = false;
  /** Bytes the client takes over UDP. */
  payloadSize = MIN_PAYLOAD;
  #optVersion = 0;

  read(message: Uint8Array): Verdict {
    this.#reset();
    // Less than a header can't be answered; an answer must not be, or two servers talk for ever.
    if (message.length < HEADER_LENGTH || (byteAt(message, 2) & 0x80) !== 0) {
      return "drop";
    }
    const questionRead = wordAt(message, 4) === 1 && this.#readQuestion(message);
    if ((byteAt(message, 2) & 0x78) !== 0) {
      if (questionRead || wordAt(message, 4) === 0) {
        this.#lookForOpt(message);
      }
      return "unsupported";
    }
    return questionRead ? this.#readRecords(message) : "malformed";
  }

  #reset(): void {
    this.questionEnd = HEADER_LENGTH;
    this.type = 0;
    this.hasOpt = false;
    this.dnssecOk = false;
    this.payloadSize = MIN_PAYLOAD;
    this.#optVersion = 0;
  }

  #readQuestion(message: Uint8Array): boolean {
    const end = this.#readName(message);
    if (end === 0 || end + 4 > message.length) {
      return false;
    }
    this.type = wordAt(message, end);
    this.class = wordAt(message, end + 2);
    this.questionEnd = end + 4;
    return true;
  }

  /** Where the name ends, or 0 when it is none. A pointer is none: there is nothing before it to point at. */
  #readName(message: Uint8Array): number {
    const { name } = this;
    let offset = HEADER_LENGTH;
    let length = 0;
    let hash = HASH_START;
    this.labelCount = 0;
    for (;;) {
      // Past the end a byte reads as 0, and so as the root: caught by the bounds check of the question.
      const size = byteAt(message, offset);
      if (size > MAX_LABEL_LENGTH || length + size + 1 > MAX_NAME_LENGTH) {
        return 0;
      }
      this.labelStarts[this.labelCount] = length;
      const end = offset + size;
      name[length++] = size;
      hash = hashByte(hash, size);
      while (offset < end) {
        const byte = lowerCase(byteAt(message, ++offset));
        name[length++] = byte;
        hash = hashByte(hash, byte);
      }
      offset++;
      if (size === 0) {
        this.nameLength = length;
        this.nameHash = hash;
        return offset;
      }
      this.labelCount++;
    }
  }

  #readRecords(message: Uint8Array): Verdict {
    const authority = wordAt(message, 8);
    // An IXFR query names the version it has in the authority section (RFC 1995).
    if (
      wordAt(message, 6) !== 0 ||
      (authority !== 0 && this.type !== TYPE.IXFR) ||
      wordAt(message, 10) > MAX_ADDITIONAL
    ) {
      return "malformed";
    }
    if (!this.#readAdditional(message, recordsEnd(message, this.questionEnd, authority))) {
      return "malformed";
    }
    return this.#optVersion === 0 ? "question" : "bad-version";
  }

  /** The OPT of a message with another opcode, whose layout is not ours to judge: one that can't be read is none. */
  #lookForOpt(message: Uint8Array): void {
    const others = wordAt(message, 6) + wordAt(message, 8);
    if (!this.#readAdditional(message, recordsEnd(message, this.questionEnd, others))) {
      this.hasOpt = false;
    }
  }

  /** False when it is malformed, or `start` is 0. */
  #readAdditional(message: Uint8Array, start: number): boolean {
    let offset = start;
    for (let left = wordAt(message, 10); left > 0 && offset !== 0; left--) {
      const end = recordEnd(message, offset);
      if (end !== 0 && typeOf(message, offset) === TYPE.OPT && !this.#readOpt(message, offset, end)) {
        return false;
      }
      offset = end;
    }
    return offset !== 0;
  }

  #readOpt(message: Uint8Array, start: number, end: number): boolean {
    // RFC 6891 6.1.1: at most one OPT, owned by the root, which is a single byte.
    if (this.hasOpt || byteAt(message, start) !== 0 || !optionsFit(message, start + 11, end)) {
      return false;
    }
    this.hasOpt = true;
    this.payloadSize = Math.max(MIN_PAYLOAD, wordAt(message, start + 3));
    this.#optVersion = byteAt(message, start + 6);
    this.dnssecOk = (byteAt(message, start + 7) & 0x80) !== 0;
    return true;
  }
}

/** Steps over records: where they end, or 0 when one is malformed. Each takes 11 bytes, so any count ends soon. */
function recordsEnd(message: Uint8Array, start: number, count: number): number {
  let offset = start;
  for (let left = count; left > 0 && offset !== 0; left--) {
    offset = recordEnd(message, offset);
  }
  return offset;
}

/** Where the record ends, or 0 when it is malformed. */
export function recordEnd(message: Uint8Array, start: number): number {
  const fixed = nameEnd(message, start);
  if (fixed === 0 || fixed + 10 > message.length) {
    return 0;
  }
  const end = fixed + 10 + wordAt(message, fixed + 8);
  return end > message.length ? 0 : end;
}

/** Of a record that `recordEnd` has found well-formed. */
export function typeOf(message: Uint8Array, start: number): number {
  return wordAt(message, nameEnd(message, start));
}

/** Steps over a name without following pointers, so a chain of them costs nothing. 0 when it is none. */
export function nameEnd(message: Uint8Array, start: number): number {
  let offset = start;
  while (offset < message.length) {
    const size = byteAt(message, offset);
    if (size === 0) {
      return offset + 1;
    }
    if (size >= 0xc0) {
      return offset + 2;
    }
    if (size > MAX_LABEL_LENGTH || offset - start > MAX_NAME_LENGTH) {
      return 0;
    }
    offset += size + 1;
  }
  return 0;
}

function optionsFit(message: Uint8Array, start: number, end: number): boolean {
  let offset = start;
  while (offset < end) {
    if (offset + 4 > end) {
      return false;
    }
    offset += 4 + wordAt(message, offset + 2);
  }
  return offset === end;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function byteAt(message: Uint8Array, offset: number): number {
  return message[offset] ?? 0;
}

function wordAt(message: Uint8Array, offset: number): number {
  return (byteAt(message, offset) << 8) | byteAt(message, offset + 1);
}

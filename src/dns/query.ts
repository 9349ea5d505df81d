/** Reads the bytes of a query: the guard in front of everything else. Bounded work, no exception, no allocation. */
import { HASH_START, hashByte } from "./domain-name.ts";
import { TYPE } from "./record.ts";

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
      return "unsupported";
    }
    if (!questionRead) {
      return "malformed";
    }
    return this.#readRecords(message);
  }

  #reset(): void {
    this.questionEnd = HEADER_LENGTH;
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
    const additional = wordAt(message, 10);
    const isTransfer = this.type === TYPE.IXFR;
    // An IXFR query names the version it has in the authority section (RFC 1995); it is refused unread.
    if (
      wordAt(message, 6) !== 0 ||
      (wordAt(message, 8) !== 0 && !isTransfer) ||
      additional > MAX_ADDITIONAL
    ) {
      return "malformed";
    }
    if (isTransfer) {
      return "question";
    }
    let offset = this.questionEnd;
    for (let i = 0; i < additional; i++) {
      offset = this.#readRecord(message, offset);
      if (offset === 0) {
        return "malformed";
      }
    }
    return this.#optVersion === 0 ? "question" : "bad-version";
  }

  /** Where the record ends, or 0 when it is malformed. */
  #readRecord(message: Uint8Array, start: number): number {
    const fixed = nameEnd(message, start);
    const dataStart = fixed + 10;
    if (fixed === 0 || dataStart > message.length) {
      return 0;
    }
    const dataEnd = dataStart + wordAt(message, fixed + 8);
    if (dataEnd > message.length) {
      return 0;
    }
    if (wordAt(message, fixed) !== TYPE.OPT) {
      return dataEnd;
    }
    // RFC 6891 6.1.1: at most one OPT, owned by the root, which is a single byte.
    if (this.hasOpt || fixed !== start + 1 || !optionsFit(message, dataStart, dataEnd)) {
      return 0;
    }
    this.hasOpt = true;
    this.payloadSize = Math.max(MIN_PAYLOAD, wordAt(message, fixed + 2));
    this.#optVersion = byteAt(message, fixed + 5);
    this.dnssecOk = (byteAt(message, fixed + 6) & 0x80) !== 0;
    return dataEnd;
  }
}

/** Steps over a name without following pointers, so a chain of them costs nothing. 0 when it is none. */
function nameEnd(message: Uint8Array, start: number): number {
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

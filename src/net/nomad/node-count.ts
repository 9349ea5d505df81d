import { decodeValue } from "./message-reader.ts";
import type { Answer } from "./nomad-connection.ts";
import { ValueScanner } from "./value-scanner.ts";

// The array's length stands before its nodes, after three small fields (Index, KnownLeader, LastContact; 50 bytes
// measured).
const KEEP_BYTES = 4096;

// 100,000 nodes of 2 kB each are 200 MB; a gigabyte is not believed. None of it is held.
const LIMIT_BYTES = 512 * 1024 * 1024;

/**
 * How many nodes Node.List answered, read from the start of the answer as soon as it is there: the nodes themselves are
 * not waited for, so it takes the same memory and time for 10 nodes and for 100,000.
 */
export const NODE_COUNT: Answer<number> = {
  keepBytes: KEEP_BYTES,
  limitBytes: LIMIT_BYTES,
  read: readNodeCount,
  readEarly: (bytes) => {
    try {
      return readNodeCount(bytes);
    } catch {
      // Too few bytes, or no such answer: that shows when it is whole.
      return undefined;
    }
  },
};

function readNodeCount(bytes: Uint8Array): number {
  const map = readHead(bytes, 0, { fix: 0x80, long16: 0xde, long32: 0xdf });
  let at = map?.end ?? 0;
  for (let entry = 0; entry < (map?.count ?? 0); entry += 1) {
    const keyEnd = endOfValue(bytes, at);
    if (decodeValue(bytes.subarray(at, keyEnd)) === "Nodes") {
      return readNodes(bytes, keyEnd);
    }
    at = endOfValue(bytes, keyEnd);
  }
  throw new Error("no Nodes at the start of the answer");
}

function readNodes(bytes: Uint8Array, at: number): number {
  // An empty list is a nil slice.
  if (bytes[at] === 0xc0) {
    return 0;
  }
  const array = readHead(bytes, at, { fix: 0x90, long16: 0xdc, long32: 0xdd });
  if (array === undefined) {
    throw new Error("Nodes is no array");
  }
  return array.count;
}

interface HeadBytes {
  /** The lower four bits of this one are the count. */
  readonly fix: number;
  readonly long16: number;
  readonly long32: number;
}

/** The count that opens an array or a map, and where its first element begins. */
function readHead(
  bytes: Uint8Array,
  at: number,
  head: HeadBytes,
): { count: number; end: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = view.getUint8(at);
  if (type >> 4 === head.fix >> 4) {
    return { count: type & 0x0f, end: at + 1 };
  }
  switch (type) {
    case head.long16:
      return { count: view.getUint16(at + 1), end: at + 3 };
    case head.long32:
      return { count: view.getUint32(at + 1), end: at + 5 };
    default:
      return undefined;
  }
}

function endOfValue(bytes: Uint8Array, at: number): number {
  const scanner = new ValueScanner(KEEP_BYTES);
  const end = scanner.scan(bytes, at);
  if (!scanner.done) {
    throw new Error("no Nodes at the start of the answer");
  }
  return end;
}

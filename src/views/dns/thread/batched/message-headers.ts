import type { SystemCalls } from "./system-calls.ts";

// A `struct mmsghdr` of 64-bit Linux: name (8 bytes), its length (4, 4 unused), vectors (8), their count (8), control
// (8), its length (8), flags (4, 4 unused), bytes received (4, 4 unused). A `struct iovec`: address (8), length (8).
const HEADER_LENGTH = 64;
const VECTOR_LENGTH = 16;
const NAME_LENGTH_AT = 8;
const VECTORS_AT = 16;
const VECTOR_COUNT_AT = 24;
const RECEIVED_AT = 56;

/** Memory for messages of up to `length` bytes each, and what tells the kernel where they and their names are. */
export class MessageHeaders {
  /** The bytes of each message. */
  readonly messages: readonly Buffer[];
  readonly #start: number;
  readonly #headers32: Uint32Array;
  readonly #headers64: BigUint64Array;
  readonly #vectors64: BigUint64Array;

  constructor(calls: Pick<SystemCalls, "addressOf">, count: number, length: number) {
    // Zeroed: what the kernel is told nothing about is none.
    const headers = new ArrayBuffer(count * HEADER_LENGTH);
    const vectors = new ArrayBuffer(count * VECTOR_LENGTH);
    const bytes = new ArrayBuffer(count * length);
    this.#headers32 = new Uint32Array(headers);
    this.#headers64 = new BigUint64Array(headers);
    this.#vectors64 = new BigUint64Array(vectors);
    this.#start = calls.addressOf(new Uint8Array(headers));
    this.messages = Array.from({ length: count }, (_, i) => Buffer.from(bytes, i * length, length));
    const vectorsStart = calls.addressOf(new Uint8Array(vectors));
    const bytesStart = calls.addressOf(new Uint8Array(bytes));
    for (let i = 0; i < count; i++) {
      this.#vectors64[i * 2] = BigInt(bytesStart + i * length);
      this.#vectors64[i * 2 + 1] = BigInt(length);
      this.#headers64[(i * HEADER_LENGTH + VECTORS_AT) / 8] = BigInt(vectorsStart + i * VECTOR_LENGTH);
      this.#headers64[(i * HEADER_LENGTH + VECTOR_COUNT_AT) / 8] = 1n;
    }
  }

  /** Where the header is. */
  addressOf(i: number): number {
    return this.#start + i * HEADER_LENGTH;
  }

  /** Whom it is from or to; the kernel writes no more than `length` bytes there. */
  setName(i: number, address: bigint, length: number): void {
    this.#headers64[(i * HEADER_LENGTH) / 8] = address;
    this.setNameLength(i, length);
  }

  setNameLength(i: number, length: number): void {
    this.#headers32[(i * HEADER_LENGTH + NAME_LENGTH_AT) / 4] = length;
  }

  nameLength(i: number): number {
    return this.#headers32[(i * HEADER_LENGTH + NAME_LENGTH_AT) / 4] ?? 0;
  }

  /** Bytes that the kernel is to send. */
  setLength(i: number, length: number): void {
    this.#vectors64[i * 2 + 1] = BigInt(length);
  }

  /** Bytes that the kernel has received. */
  receivedLength(i: number): number {
    return this.#headers32[(i * HEADER_LENGTH + RECEIVED_AT) / 4] ?? 0;
  }
}

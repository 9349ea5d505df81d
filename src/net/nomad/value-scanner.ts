/** A byte stream that is no msgpack, or a value larger than it may be. */
export class FramingError extends Error {
  override readonly name = "FramingError";
  readonly code: "malformed-message" | "message-too-large";

  constructor(code: FramingError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

type Counts = "payload" | "items" | "pairs";

/** What follows a type byte: nested values, bytes to pass over, and the bytes of a length that says how many. */
interface Shape {
  readonly items: number;
  readonly payloadBytes: number;
  readonly length?: { readonly bytes: 1 | 2 | 4; readonly counts: Counts };
}

/** A length of which `left` bytes are still to come. */
interface PartialLength {
  left: number;
  value: number;
  readonly counts: Counts;
}

const bare = (payloadBytes: number, items = 0): Shape => ({ items, payloadBytes });
const sized = (bytes: 1 | 2 | 4, counts: Counts, payloadBytes = 0): Shape => ({
  items: 0,
  payloadBytes,
  length: { bytes, counts },
});

// The msgpack specification's type bytes 0xc0 to 0xdf, in order.
const SHAPES: readonly (Shape | undefined)[] = [
  bare(0), // nil
  undefined, // never used
  bare(0), // false
  bare(0), // true
  sized(1, "payload"), // bin 8, 16, 32
  sized(2, "payload"),
  sized(4, "payload"),
  sized(1, "payload", 1), // ext 8, 16, 32: one more byte for the type
  sized(2, "payload", 1),
  sized(4, "payload", 1),
  bare(4), // float 32, 64
  bare(8),
  bare(1), // uint 8 to 64
  bare(2),
  bare(4),
  bare(8),
  bare(1), // int 8 to 64
  bare(2),
  bare(4),
  bare(8),
  bare(2), // fixext 1 to 16
  bare(3),
  bare(5),
  bare(9),
  bare(17),
  sized(1, "payload"), // str 8, 16, 32
  sized(2, "payload"),
  sized(4, "payload"),
  sized(2, "items"), // array 16, 32
  sized(4, "items"),
  sized(2, "pairs"), // map 16, 32
  sized(4, "pairs"),
];

function shapeOf(type: number): Shape {
  if (type < 0x80 || type >= 0xe0) {
    return bare(0);
  }
  if (type < 0x90) {
    return bare(0, (type & 0x0f) * 2);
  }
  if (type < 0xa0) {
    return bare(0, type & 0x0f);
  }
  if (type < 0xc0) {
    return bare(type & 0x1f);
  }
  const shape = SHAPES[type - 0xc0];
  if (shape === undefined) {
    throw new FramingError(
      "malformed-message",
      `no msgpack value begins with the byte 0x${type.toString(16)}`,
    );
  }
  return shape;
}

/**
 * Finds where one msgpack value ends, in a stream cut anywhere, without building it: four numbers of state, whatever
 * the stream claims. A length counts against the limit when it is read, so a claim of 1 GB fails at its fifth byte.
 */
export class ValueScanner {
  readonly #limitBytes: number;
  #seenBytes = 0;
  /** Values that must still begin. */
  #items = 1;
  /** Bytes to pass over before the next value. */
  #payloadBytes = 0;
  #length: PartialLength | undefined;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get done(): boolean {
    return this.#items === 0 && this.#payloadBytes === 0 && this.#length === undefined;
  }

  /**
   * Reads on from `start` and returns the index after the last byte that belongs to the value.
   * @throws FramingError
   */
  scan(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length && !this.done) {
      at += this.#step(chunk, at);
      this.#checkLimit(at - start);
    }
    this.#seenBytes += at - start;
    return at;
  }

  /** Returns how many bytes it used; at least one. */
  #step(chunk: Uint8Array, at: number): number {
    if (this.#length !== undefined) {
      this.#readLength(this.#length, chunk[at] ?? 0);
      return 1;
    }
    if (this.#payloadBytes > 0) {
      const taken = Math.min(this.#payloadBytes, chunk.length - at);
      this.#payloadBytes -= taken;
      return taken;
    }
    const shape = shapeOf(chunk[at] ?? 0);
    this.#items += shape.items - 1;
    this.#payloadBytes = shape.payloadBytes;
    if (shape.length !== undefined) {
      this.#length = { left: shape.length.bytes, value: 0, counts: shape.length.counts };
    }
    return 1;
  }

  #readLength(length: PartialLength, byte: number): void {
    length.value = length.value * 256 + byte;
    length.left -= 1;
    if (length.left > 0) {
      return;
    }
    this.#length = undefined;
    switch (length.counts) {
      case "payload":
        this.#payloadBytes += length.value;
        return;
      case "items":
        this.#items += length.value;
        return;
      case "pairs":
        this.#items += length.value * 2;
        return;
    }
  }

  // Each value still to come takes a byte at least, so this is the smallest size the value can have.
  #checkLimit(read: number): void {
    const atLeast = this.#seenBytes + read + this.#payloadBytes + this.#items;
    if (atLeast > this.#limitBytes) {
      throw new FramingError(
        "message-too-large",
        `a message of ${atLeast} bytes or more, expected at most ${this.#limitBytes}`,
      );
    }
  }
}

import { Decoder } from "@msgpack/msgpack";
import { FramingError, ValueScanner } from "./value-scanner.ts";

/** How much of a body is wanted, and how large it may be. */
export interface BodyPlan {
  /** Bytes from the start of the body that are kept; the rest is passed over. */
  readonly keepBytes: number;
  /** A larger body ends the connection. */
  readonly limitBytes: number;
}

/** Whoever is told what was read. Neither function may throw anything but a FramingError. */
export interface MessageSink {
  header(value: unknown): BodyPlan;
  /** The first bytes of a body that is not whole yet, each time there are more of them. Not to be kept. */
  beginning?(bytes: Uint8Array): void;
  /** The body's bytes, up to `keepBytes`. They are the sink's own. */
  body(bytes: Uint8Array): void;
}

// A header is three short strings and a number; an error text is the only part that varies. Seen: 40 to 100 bytes.
const HEADER: BodyPlan = { keepBytes: 64 * 1024, limitBytes: 64 * 1024 };

const START_BYTES = 1024;

/**
 * Cuts a byte stream into messages of two bare msgpack values, header and body, wherever the stream's chunks begin and
 * end. Holds at most twice `keepBytes` of the value being read.
 */
export class MessageReader {
  readonly #sink: MessageSink;
  #part: "header" | "body" = "header";
  #plan = HEADER;
  #scanner = new ValueScanner(HEADER.limitBytes);
  #kept = new Uint8Array(START_BYTES);
  #keptBytes = 0;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /**
   * @throws FramingError when the stream is no sequence of messages; the reader is of no use afterwards.
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      const end = this.#scanner.scan(chunk, at);
      this.#keep(chunk.subarray(at, end));
      at = end;
      if (this.#scanner.done) {
        this.#finishValue();
      } else if (this.#part === "body") {
        this.#sink.beginning?.(this.#kept.subarray(0, this.#keptBytes));
      }
    }
  }

  #finishValue(): void {
    const bytes = this.#kept.slice(0, this.#keptBytes);
    switch (this.#part) {
      case "header":
        this.#expect("body", this.#sink.header(decodeValue(bytes)));
        return;
      case "body":
        this.#expect("header", HEADER);
        this.#sink.body(bytes);
        return;
    }
  }

  #expect(part: "header" | "body", plan: BodyPlan): void {
    this.#part = part;
    this.#plan = plan;
    this.#scanner = new ValueScanner(plan.limitBytes);
    this.#keptBytes = 0;
    if (this.#kept.length > HEADER.keepBytes) {
      this.#kept = new Uint8Array(START_BYTES);
    }
  }

  // One growing buffer, not a list of chunks: a server that sends single bytes would make that a list of a million
  // objects.
  #keep(bytes: Uint8Array): void {
    const wanted = bytes.subarray(0, Math.max(0, this.#plan.keepBytes - this.#keptBytes));
    const needed = this.#keptBytes + wanted.length;
    if (needed > this.#kept.length) {
      const larger = new Uint8Array(Math.max(needed, this.#kept.length * 2));
      larger.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = larger;
    }
    this.#kept.set(wanted, this.#keptBytes);
    this.#keptBytes = needed;
  }
}

/** Its memory serves every value; each is read in one turn. */
const decoder = new Decoder();

/**
 * Decodes one whole value.
 * @throws FramingError when it is no value that JSON-like data can hold, such as a map with nil as a key.
 */
export function decodeValue(bytes: Uint8Array): unknown {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new FramingError("malformed-message", "a msgpack value that can't be decoded", { cause });
  }
}

/** A JSON list in its entries, none of which is parsed yet. */
export interface JsonList {
  /** The first entries, as bytes. */
  readonly entries: readonly Buffer[];
  /** How many there are. */
  readonly length: number;
}

/**
 * Splits a JSON list, so that its entries can be parsed one by one, and no more of them than are wanted: parsed as a
 * whole, a list of 32 MiB takes up to 1.7 GB (measured, with 16 million brackets). An entry that is no JSON stays to be
 * found by whoever parses it.
 * @returns `undefined` when the text is no list.
 * @throws SyntaxError when the list does not end with the text.
 */
export function splitList(text: Buffer, most: number): JsonList | undefined {
  let at = afterSpace(text, 0);
  if (text[at] !== OPENING_BRACKET) {
    return undefined;
  }
  at = afterSpace(text, at + 1);
  const entries: Buffer[] = [];
  let length = 0;
  for (let isEnd = text[at] === CLOSING_BRACKET; !isEnd; length += 1) {
    const end = entryEnd(text, at);
    if (length < most) {
      entries.push(text.subarray(at, end));
    }
    isEnd = text[end] === CLOSING_BRACKET;
    at = isEnd ? end : end + 1;
  }
  if (afterSpace(text, at + 1) !== text.length) {
    throw new SyntaxError("text after the end of the list");
  }
  return { entries, length };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Source: RFC 8259 §2. */
const SPACE: readonly (number | undefined)[] = [0x20, 0x09, 0x0a, 0x0d];

function afterSpace(text: Buffer, from: number): number {
  let at = from;
  while (SPACE.includes(text[at])) {
    at += 1;
  }
  return at;
}

/**
 * Where the entry ends that begins at `from`: at a comma or a closing bracket outside of strings and of what it opened.
 */
function entryEnd(text: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    switch (text[at] as number) {
      case QUOTE:
        at = stringEnd(text, at + 1);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        depth += 1;
        break;
      case CLOSING_BRACKET:
        if (depth === 0) {
          return at;
        }
        depth -= 1;
        break;
      case CLOSING_BRACE:
        depth -= 1;
        break;
      case COMMA:
        if (depth === 0) {
          return at;
        }
    }
  }
  throw new SyntaxError("a list without an end");
}

/** Where the closing quote is. */
function stringEnd(text: Buffer, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === QUOTE) {
      return at;
    }
    if (text[at] === BACKSLASH) {
      at += 1;
    }
  }
  return text.length;
}

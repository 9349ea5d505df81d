/**
 * Tokens of Consul and Nomad have 36 characters, JSON web tokens up to 2,000; an HTTP server takes headers of 8 kB at
 * least.
 */
const LONGEST_TOKEN = 4_096;

/** As large as a file of a token may be: the longest, with some white space around it. */
export const LARGEST_TOKEN_FILE_BYTES = 2 * LONGEST_TOKEN;

/** `message` is the reason alone, with a place: never what stands there. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

const WHITE_SPACE = [0x20, 0x09, 0x0a, 0x0d];
const BYTE_ORDER_MARK = Buffer.from("\uFEFF");

/**
 * The token that these bytes are, without the white space around it; "" when there is nothing else.
 * @throws TokenError when there is more than one word of printable ASCII.
 */
export function tokenIn(bytes: Uint8Array): string {
  const hasMark = BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte);
  let start = hasMark ? BYTE_ORDER_MARK.length : 0;
  let end = bytes.length;
  while (start < end && isWhiteSpace(bytes[start])) {
    start++;
  }
  while (end > start && isWhiteSpace(bytes[end - 1])) {
    end--;
  }
  const token = bytes.subarray(start, end);
  const bad = token.findIndex((byte) => byte <= 0x20 || byte >= 0x7f);
  if (bad !== -1) {
    throw new TokenError(`byte ${start + bad + 1} is ${kindOf(token[bad] ?? 0)}`);
  }
  if (token.length > LONGEST_TOKEN) {
    throw new TokenError(`it has ${token.length} bytes, expected at most ${LONGEST_TOKEN}`);
  }
  return Buffer.from(token).toString("latin1");
}

function isWhiteSpace(byte: number | undefined): boolean {
  return byte !== undefined && WHITE_SPACE.includes(byte);
}

function kindOf(byte: number): string {
  if (byte === 0x0a || byte === 0x0d) {
    return "a line end";
  }
  if (isWhiteSpace(byte)) {
    return "white space";
  }
  return byte >= 0x80 ? "not ASCII" : "a control character";
}

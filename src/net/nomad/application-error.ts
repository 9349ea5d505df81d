import { ConnectionError, type ErrorCode } from "../connection/connection-error.ts";

// Nomad's own texts; a follower that forwarded the call puts "rpc error: " in front.
const CODES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/permission denied|acl token (not found|expired)/i, "permission-denied"],
  [/no cluster leader/i, "no-leader"],
  [/no path to region/i, "no-path-to-region"],
  [/can't find (method|service) /i, "unknown-method"],
];

// Enough for Nomad's longest usual text (about 150 characters), short enough for a log line.
const LONGEST_TEXT = 300;

/** Translates the error text of an answer. The text is the server's: it is shortened and made one printable line. */
export function applicationError(server: string, method: string, text: string): ConnectionError {
  const code = CODES.find(([pattern]) => pattern.test(text))?.[1] ?? "application-error";
  const line = text.slice(0, LONGEST_TEXT).replace(/\p{C}+/gu, " ");
  return new ConnectionError(code, server, `${method}: ${line}`);
}

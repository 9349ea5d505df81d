import type { ServerEndpoint } from "../../../core/server-endpoint.ts";
import type { Cause, Snapshot } from "../../../core/snapshot.ts";

/** Why the head of a list is the head: the change that made it so. */
export interface HeadReason {
  readonly server: string;
  readonly cause: Cause;
  /** When it became the head: milliseconds since the Unix epoch. */
  readonly at: number;
  readonly revision: number;
}

/**
 * The reason after one more snapshot: kept while the head stays, replaced with the snapshot's cause when it changes.
 */
export function headReasonAfter(previous: HeadReason | undefined, next: Snapshot): HeadReason | undefined {
  const head = next.head;
  if (head === undefined || head.key === previous?.server) {
    return head === undefined ? undefined : previous;
  }
  return { server: head.key, cause: next.cause, at: next.at, revision: next.revision };
}

/** Silent addresses of the head that are told of: a name has few. */
const SILENT_SHOWN = 8;

function isOneOfSeveral(head: ServerEndpoint | undefined): head is ServerEndpoint {
  return head !== undefined && head.addresses.length > 1;
}

/** The strings of the TXT record, `name=value` each (RFC 1464), printable ASCII of at most 255 bytes. */
export function headReasonStrings(
  reason: HeadReason,
  tier: string,
  state: string,
  head?: ServerEndpoint,
): readonly string[] {
  const { cause } = reason;
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["head", reason.server],
    ["tier", tier],
    ["state", state],
    ["since", new Date(reason.at).toISOString()],
    ["revision", String(reason.revision)],
    ["cause", cause.occurrence],
    ["source", cause.source],
    ["server", cause.server],
    ["reason", cause.reason],
    ["addresses", isOneOfSeveral(head) ? head.named.join(" ") : undefined],
    ...(head?.silent() ?? [])
      .slice(0, SILENT_SHOWN)
      .map(({ address, reason: why }) => ["silent", `${address}: ${why}`] as const),
  ];
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [characterString(`${name}=${value}`)]));
}

// One string of a TXT record holds at most 255 bytes (RFC 1035 3.3.14).
const MAX_STRING_BYTES = 255;

/**
 * Printable ASCII; any other byte as `\DDD` and a backslash doubled, as in zone files, so that no terminal is fooled.
 */
function characterString(text: string): string {
  let escaped = "";
  for (const byte of Buffer.from(text)) {
    const piece = escapedByte(byte);
    if (escaped.length + piece.length > MAX_STRING_BYTES) {
      return escaped;
    }
    escaped += piece;
  }
  return escaped;
}

function escapedByte(byte: number): string {
  if (byte === 0x5c) {
    return "\\\\";
  }
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`;
}

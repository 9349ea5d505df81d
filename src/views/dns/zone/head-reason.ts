import { becameHead } from "../../../core/explain/became-head.ts";
import type { ListState } from "../../../core/pool-view.ts";
import type { Snapshot } from "../../../core/snapshot.ts";
import { rfc3339 } from "../../../core/time/rfc3339.ts";

/** Silent addresses of the head that are told of: a name has few. */
const SILENT_SHOWN = 8;

/**
 * Why the head of a list is the head: the strings of the TXT record, `name=value` each (RFC 1464), printable ASCII of
 * at most 255 bytes. None without a head.
 */
export function headReasonStrings(
  { head, headSince, members }: Snapshot,
  state: ListState,
): readonly string[] {
  if (head === undefined || headSince === undefined) {
    return [];
  }
  const { at, cause, revision } = headSince;
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["head", head.key],
    ["tier", members.get(head.key)?.tier ?? "unknown"],
    ["state", state],
    ["since", rfc3339(at)],
    ["revision", String(revision)],
    ["why", becameHead(head.key, headSince).text],
    ["cause", cause.occurrence],
    ["source", cause.source],
    ["server", cause.server],
    ["reason", cause.reason],
    ["addresses", head.addresses.length > 1 ? head.named.join(" ") : undefined],
    ...head
      .silent()
      .slice(0, SILENT_SHOWN)
      .map(({ address, reason }) => ["silent", `${address}: ${reason}`] as const),
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

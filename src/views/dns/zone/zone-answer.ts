/** What a name of the zone answers to a type. */
import {
  EXTENDED_ERROR,
  type ExtendedError,
  RCODE,
  type Rcode,
  type RecordType,
  type ResourceRecord,
} from "./record.ts";
import type { ZoneNode } from "./zone.ts";

export interface ZoneReply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answer: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
  readonly extendedError: ExtendedError | undefined;
  /** There may be a better answer in a moment. */
  readonly mayWait: boolean;
  /** As many records of the answer as fit are an answer, marked as truncated. */
  readonly isDivisible: boolean;
}

/** What a node says to one of its types; undefined when it holds nothing of that type (NODATA). */
export function positiveReply(node: ZoneNode, type: RecordType): ZoneReply | undefined {
  switch (node.kind) {
    case "not-ready":
      return node.types.includes(type)
        ? reply(RCODE.SERVFAIL, {
            authoritative: false,
            extendedError: EXTENDED_ERROR.NOT_READY,
            mayWait: node.isStarting,
          })
        : undefined;
    case "ready": {
      const records = node.records.get(type);
      const carriesTargets = type === "SRV" || type === "NS";
      return records === undefined
        ? undefined
        : reply(RCODE.NOERROR, {
            answer: records,
            additional: carriesTargets ? node.additional : [],
            extendedError: node.extendedError,
            isDivisible: node.isDivisible ?? false,
          });
    }
  }
}

/** The types a node has an answer of its own for; the first one's is also the answer to ANY. */
export function answeredTypes(node: ZoneNode): readonly RecordType[] {
  return node.kind === "ready" ? [...node.records.keys()] : node.types;
}

/** What goes along with every answer at a node, NODATA included. */
export function nodeExtendedError(node: ZoneNode): ExtendedError | undefined {
  return node.kind === "ready" ? node.extendedError : undefined;
}

function reply(rcode: Rcode, parts: Partial<ZoneReply>): ZoneReply {
  return {
    rcode,
    authoritative: parts.authoritative ?? true,
    answer: parts.answer ?? [],
    authority: parts.authority ?? [],
    additional: parts.additional ?? [],
    extendedError: parts.extendedError,
    mayWait: parts.mayWait ?? false,
    isDivisible: parts.isDivisible ?? false,
  };
}

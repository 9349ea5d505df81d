/** What the zone answers to a question: a pure function. */
import {
  CLASS_IN,
  EXTENDED_ERROR,
  type ExtendedError,
  RCODE,
  type Rcode,
  type RecordType,
  type ResourceRecord,
  TYPE,
} from "./record.ts";
import { addressNode, type Zone, type ZoneNode } from "./zone.ts";

export interface Question {
  /** Lower case, without a final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answer: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
  readonly extendedError: ExtendedError | undefined;
}

/** The answer to any question of class IN or not, whatever the name. Never throws. */
export function answer(zone: Zone, question: Question): Reply {
  const inZone = question.name === zone.domain || question.name.endsWith(`.${zone.domain}`);
  if (question.class !== CLASS_IN || !inZone) {
    return reply(RCODE.REFUSED, { authoritative: false });
  }
  const node = zone.nodes.get(question.name) ?? addressNode(zone.domain, question.name);
  if (node === undefined) {
    return reply(RCODE.NXDOMAIN, { authority: [zone.soa] });
  }
  return (
    positiveReply(node, question.type) ??
    reply(RCODE.NOERROR, { authority: [zone.soa], extendedError: nodeExtendedError(node) })
  );
}

/** What a node says to a type; undefined when it holds nothing of that type (NODATA). */
export function positiveReply(node: ZoneNode, type: number): Reply | undefined {
  switch (node.kind) {
    case "not-ready":
      return type === TYPE.ANY || node.types.some((known) => TYPE[known] === type)
        ? reply(RCODE.SERVFAIL, { authoritative: false, extendedError: EXTENDED_ERROR.NOT_READY })
        : undefined;
    case "ready": {
      const records = recordsOf(node.records, type);
      const carriesTargets = records?.[0]?.data.type === "SRV" || records?.[0]?.data.type === "NS";
      return records === undefined
        ? undefined
        : reply(RCODE.NOERROR, {
            answer: records,
            additional: carriesTargets ? node.additional : [],
            extendedError: node.extendedError,
          });
    }
  }
}

/** The types a node has an answer of its own for; `ANY` among them when there is one. */
export function answeredTypes(node: ZoneNode): readonly number[] {
  const types = node.kind === "ready" ? [...node.records.keys()] : node.types;
  return types.length === 0 ? [] : [...types.map((type) => TYPE[type]), TYPE.ANY];
}

/** What goes along with every answer at a node, NODATA included. */
export function nodeExtendedError(node: ZoneNode): ExtendedError | undefined {
  return node.kind === "ready" ? node.extendedError : undefined;
}

function recordsOf(
  records: ReadonlyMap<RecordType, readonly ResourceRecord[]>,
  type: number,
): readonly ResourceRecord[] | undefined {
  if (type === TYPE.ANY) {
    // RFC 8482 4.1: one RRset is answer enough.
    return records.values().next().value;
  }
  return records.entries().find(([known]) => TYPE[known] === type)?.[1];
}

function reply(rcode: Rcode, parts: Partial<Reply>): Reply {
  return {
    rcode,
    authoritative: parts.authoritative ?? true,
    answer: parts.answer ?? [],
    authority: parts.authority ?? [],
    additional: parts.additional ?? [],
    extendedError: parts.extendedError,
  };
}

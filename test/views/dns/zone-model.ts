/** What the server has to answer to any question, as a pure function of the pools: records, no bytes. */

import type { Transport } from "../../../src/views/dns/counters.ts";
import { addressOfLabel } from "../../../src/views/dns/zone/address-name.ts";
import {
  CLASS_IN,
  EXTENDED_ERROR,
  RCODE,
  type Rcode,
  type RecordType,
  type ResourceRecord,
  TYPE,
} from "../../../src/views/dns/zone/record.ts";
import {
  addressNode,
  fixedNodes,
  poolNodes,
  type ZoneNode,
  type ZonePool,
  type ZoneSettings,
} from "../../../src/views/dns/zone/zone.ts";
import { zoneSoa } from "../../../src/views/dns/zone/zone-soa.ts";

export interface Question {
  /** Lower case, without a final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly transport: Transport;
}

export interface ModelReply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answer: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
  readonly extendedError: number | undefined;
}

type Pools = ReadonlyMap<string, ZonePool>;

export function modelReply(settings: ZoneSettings, pools: Pools, question: Question): ModelReply {
  const { domain } = settings;
  const inZone = question.name === domain || question.name.endsWith(`.${domain}`);
  if (question.type === TYPE.AXFR || question.type === TYPE.IXFR) {
    return reply(question.transport === "udp" ? RCODE.NOTIMP : RCODE.REFUSED, { authoritative: false });
  }
  if (question.class !== CLASS_IN || !inZone) {
    return reply(RCODE.REFUSED, { authoritative: false });
  }
  const authority = [zoneSoa(settings, pools.values())];
  const node = nodeOf(settings, pools, question.name);
  return node === undefined
    ? reply(RCODE.NXDOMAIN, { authority })
    : nodeReply(node, question.type, authority);
}

function nodeOf(settings: ZoneSettings, pools: Pools, name: string): ZoneNode | undefined {
  const suffix = `.addr.${settings.domain}`;
  const label = name.endsWith(suffix) ? name.slice(0, -suffix.length) : "";
  const address = addressOfLabel(label);
  const nodes = [
    fixedNodes(settings, zoneSoa(settings, pools.values())),
    ...Array.from(pools, ([pool, view]) => poolNodes(settings, pool, view)),
    new Map(address === undefined ? [] : [[name, addressNode(name, address)]]),
  ];
  return nodes.map((map) => map.get(name)).find((found) => found !== undefined);
}

function nodeReply(node: ZoneNode, type: number, authority: readonly ResourceRecord[]): ModelReply {
  if (node.kind === "not-ready") {
    return node.types.some((known) => TYPE[known] === type || type === TYPE.ANY)
      ? reply(RCODE.SERVFAIL, { authoritative: false, extendedError: EXTENDED_ERROR.NOT_READY })
      : reply(RCODE.NOERROR, { authority });
  }
  const { extendedError } = node;
  const isAsked = ([known]: readonly [RecordType, unknown]): boolean =>
    TYPE[known] === type || type === TYPE.ANY;
  const [known, answer] = [...node.records].find(isAsked) ?? [];
  if (answer === undefined) {
    return reply(RCODE.NOERROR, { authority, extendedError });
  }
  const additional = known === "SRV" || known === "NS" ? node.additional : [];
  return reply(RCODE.NOERROR, { answer, additional, extendedError });
}

function reply(rcode: Rcode, parts: Partial<ModelReply>): ModelReply {
  return {
    rcode,
    authoritative: parts.authoritative ?? true,
    answer: parts.answer ?? [],
    authority: parts.authority ?? [],
    additional: parts.additional ?? [],
    extendedError: parts.extendedError,
  };
}

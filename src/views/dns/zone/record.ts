/** Response codes this server sends; 16 lives half in the OPT record. Source: RFC 1035, RFC 6891. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

/** Numbers of the query types that are told apart. Source: IANA "Resource Record (RR) TYPEs". */
export const TYPE = {
  A: 1,
  NS: 2,
  SOA: 6,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS_IN = 1;

/**
 * Extended DNS errors (RFC 8914): an answer from remembered data, a server that knows nothing yet, and one that got no
 * answer from who would know.
 */
export const EXTENDED_ERROR = { STALE_ANSWER: 3, NOT_READY: 14, NO_REACHABLE_AUTHORITY: 22 } as const;
export type ExtendedError = (typeof EXTENDED_ERROR)[keyof typeof EXTENDED_ERROR];

/**
 * TTL of what a running agent never changes: the zone's own records and addresses spelled in a name. Five minutes:
 * a restart at another address is seen by everybody 300 s later, and a cache asks for one such name 12 times an hour.
 */
export const FIXED_TTL_SECONDS = 300;

/** What a record says. Names are lower case without a final dot; addresses are literals. */
export type RecordData =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "NS"; readonly target: string }
  | {
      readonly type: "SRV";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly type: "TXT"; readonly strings: readonly string[] }
  | {
      readonly type: "SOA";
      readonly mname: string;
      readonly rname: string;
      readonly serial: number;
      readonly refresh: number;
      readonly retry: number;
      readonly expire: number;
      readonly minimum: number;
    };
export type RecordType = RecordData["type"];

/** A record with its owner. */
export interface ResourceRecord {
  readonly name: string;
  readonly ttl: number;
  readonly data: RecordData;
}

/** An A or AAAA record for an address literal. */
export function addressRecord(name: string, ttl: number, address: string): ResourceRecord {
  return { name, ttl, data: { type: address.includes(":") ? "AAAA" : "A", address } };
}

/** What is asked and what has to be answered, as zone-file text. The zone is `headwaiter.internal`. */
import { NOON } from "./pools.ts";

export interface Row {
  readonly about: string;
  readonly ask: string;
  readonly expect: string;
  /** What TCP answers, where it differs. */
  readonly overTcp?: string;
}

const SOA = `headwaiter.internal. 1 IN SOA ns.headwaiter.internal. hostmaster.headwaiter.internal. ${NOON / 1000} 86400 7200 3600000 1`;
const EDNS = ";; EDNS 0 udp=1232";

/** Pool `nomad` has a head known by IPv4 address, then one by name, then one by IPv6 address. */
const HEAD_ANSWER = `;; ANSWER
_nomad._tcp.headwaiter.internal. 0 IN SRV 0 1 4647 10-0-0-1.addr.headwaiter.internal.`;
const HEAD = `? _nomad._tcp.headwaiter.internal. IN SRV
${HEAD_ANSWER}
;; ADDITIONAL
10-0-0-1.addr.headwaiter.internal. 300 IN A 10.0.0.1`;
const REASON =
  'nomad.headwaiter.internal. 0 IN TXT "head=10.0.0.1:4647" "tier=primary" "state=live" "since=2026-11-22T12:00:00.000Z" "revision=1" "why=the configuration named it first" "cause=primary-added" "source=static"';

function noData(question: string, header = ";; NOERROR qr aa"): string {
  return `${header}\n? ${question}\n;; AUTHORITY\n${SOA}`;
}

function noName(question: string): string {
  return noData(question, ";; NXDOMAIN qr aa");
}

function noDataRows(about: string, names: readonly string[], types: readonly string[]): readonly Row[] {
  return names.flatMap((name) =>
    types.map((type) => ({ about, ask: `${name} IN ${type}`, expect: noData(`${name} IN ${type}`) })),
  );
}

const NAMES: readonly Row[] = [
  {
    about: "SRV: the head, alone, with its address",
    ask: "_nomad._tcp.headwaiter.internal. IN SRV",
    expect: `;; NOERROR qr aa\n${HEAD}`,
  },
  {
    about: "RD is copied, RA is 0",
    ask: "_nomad._tcp.headwaiter.internal. IN SRV +rd",
    expect: `;; NOERROR qr aa rd\n${HEAD}`,
  },
  {
    about: "AD, CD, AA, RA and Z of the query are 0 in the answer",
    ask: "_nomad._tcp.headwaiter.internal. IN SRV +ad +cd +z +aa +ra",
    expect: `;; NOERROR qr aa\n${HEAD}`,
  },
  {
    about: "TC in a query is ignored",
    ask: "_nomad._tcp.headwaiter.internal. IN SRV +tc",
    expect: `;; NOERROR qr aa\n${HEAD}`,
  },
  {
    about: "mixed case matches; the question comes back as it was",
    ask: "_NoMaD._tCp.HEADwaiter.iNTERNAL. IN SRV",
    expect: `;; NOERROR qr aa
? _NoMaD._tCp.HEADwaiter.iNTERNAL. IN SRV
;; ANSWER
_NoMaD._tCp.HEADwaiter.iNTERNAL. 0 IN SRV 0 1 4647 10-0-0-1.addr.headwaiter.internal.
;; ADDITIONAL
10-0-0-1.addr.headwaiter.internal. 300 IN A 10.0.0.1`,
  },
  {
    about: "the whole list in order: priority is the position",
    ask: "_nomad._tcp.all.headwaiter.internal. IN SRV",
    expect: `;; NOERROR qr aa
? _nomad._tcp.all.headwaiter.internal. IN SRV
;; ANSWER
_nomad._tcp.all.headwaiter.internal. 0 IN SRV 0 1 4647 10-0-0-1.addr.headwaiter.internal.
_nomad._tcp.all.headwaiter.internal. 0 IN SRV 1 1 4648 db.example.
_nomad._tcp.all.headwaiter.internal. 0 IN SRV 2 1 4649 2001-db8--1.addr.headwaiter.internal.
;; ADDITIONAL
10-0-0-1.addr.headwaiter.internal. 300 IN A 10.0.0.1
db.example. 0 IN A 10.0.0.5
db.example. 0 IN AAAA 2001:db8::5
2001-db8--1.addr.headwaiter.internal. 300 IN AAAA 2001:db8::1`,
  },
  {
    about: "the head's address",
    ask: "nomad.headwaiter.internal. IN A",
    expect: `;; NOERROR qr aa
? nomad.headwaiter.internal. IN A
;; ANSWER
nomad.headwaiter.internal. 0 IN A 10.0.0.1`,
  },
  {
    about: "why this server is the head",
    ask: "nomad.headwaiter.internal. IN TXT",
    expect: `;; NOERROR qr aa\n? nomad.headwaiter.internal. IN TXT\n;; ANSWER\n${REASON}`,
  },
  {
    about: "a head known by IPv6 address",
    ask: "_six._tcp.headwaiter.internal. IN SRV",
    expect: `;; NOERROR qr aa
? _six._tcp.headwaiter.internal. IN SRV
;; ANSWER
_six._tcp.headwaiter.internal. 0 IN SRV 0 1 4647 0--1.addr.headwaiter.internal.
;; ADDITIONAL
0--1.addr.headwaiter.internal. 300 IN AAAA ::1`,
  },
  {
    about: "a head known by name keeps its name, whole, in its own case of the zone",
    ask: "_named._tcp.headwaiter.internal. IN SRV",
    expect: `;; NOERROR qr aa
? _named._tcp.headwaiter.internal. IN SRV
;; ANSWER
_named._tcp.headwaiter.internal. 0 IN SRV 0 1 4647 db.example.
;; ADDITIONAL
db.example. 0 IN A 10.0.0.5
db.example. 0 IN A 10.0.0.6
db.example. 0 IN AAAA 2001:db8::5`,
  },
  {
    about: "all addresses of the head",
    ask: "named.headwaiter.internal. IN A",
    expect: `;; NOERROR qr aa
? named.headwaiter.internal. IN A
;; ANSWER
named.headwaiter.internal. 0 IN A 10.0.0.5
named.headwaiter.internal. 0 IN A 10.0.0.6`,
  },
  {
    about: "all addresses of the head",
    ask: "named.headwaiter.internal. IN AAAA",
    expect: `;; NOERROR qr aa
? named.headwaiter.internal. IN AAAA
;; ANSWER
named.headwaiter.internal. 0 IN AAAA 2001:db8::5`,
  },
  {
    about: "the apex",
    ask: "headwaiter.internal. IN SOA",
    expect: `;; NOERROR qr aa\n? headwaiter.internal. IN SOA\n;; ANSWER\n${SOA}`,
  },
  {
    about: "the apex",
    ask: "headwaiter.internal. IN NS",
    expect: `;; NOERROR qr aa
? headwaiter.internal. IN NS
;; ANSWER
headwaiter.internal. 300 IN NS ns.headwaiter.internal.
;; ADDITIONAL
ns.headwaiter.internal. 300 IN A 127.0.0.1`,
  },
  {
    about: "the name server",
    ask: "ns.headwaiter.internal. IN A",
    expect: `;; NOERROR qr aa
? ns.headwaiter.internal. IN A
;; ANSWER
ns.headwaiter.internal. 300 IN A 127.0.0.1`,
  },
];

const TARGETS: readonly Row[] = [
  ["10-0-0-1", "A", "10.0.0.1"],
  ["255-255-255-255", "A", "255.255.255.255"],
  ["2001-db8--1", "AAAA", "2001:db8::1"],
  ["2001-DB8--1", "AAAA", "2001:db8::1"],
  ["2001-db8--0", "AAAA", "2001:db8::"],
  ["0--1", "AAAA", "::1"],
  ["0--0", "AAAA", "::"],
  ["1-2-3-4-5-6-7-8", "AAAA", "1:2:3:4:5:6:7:8"],
].map(([label = "", type = "", address = ""]) => {
  const name = `${label}.addr.headwaiter.internal.`;
  return {
    about: "the address in the name, listed or not",
    ask: `${name} IN ${type}`,
    expect: `;; NOERROR qr aa\n? ${name} IN ${type}\n;; ANSWER\n${name} 300 IN ${type} ${address}`,
  };
});

const ANY: readonly Row[] = [
  {
    about: "ANY gets one RRset",
    ask: "_nomad._tcp.headwaiter.internal. IN ANY",
    expect: `;; NOERROR qr aa\n${HEAD.replace("IN SRV", "IN ANY")}`,
  },
  {
    about: "ANY gets one RRset",
    ask: "nomad.headwaiter.internal. IN ANY",
    expect: `;; NOERROR qr aa
? nomad.headwaiter.internal. IN ANY
;; ANSWER
nomad.headwaiter.internal. 0 IN A 10.0.0.1`,
  },
  {
    about: "ANY gets one RRset",
    ask: "headwaiter.internal. IN ANY",
    expect: `;; NOERROR qr aa\n? headwaiter.internal. IN ANY\n;; ANSWER\n${SOA}`,
  },
  {
    about: "ANY at a target",
    ask: "10-0-0-1.addr.headwaiter.internal. IN ANY",
    expect: `;; NOERROR qr aa
? 10-0-0-1.addr.headwaiter.internal. IN ANY
;; ANSWER
10-0-0-1.addr.headwaiter.internal. 300 IN A 10.0.0.1`,
  },
];

const EMPTY_NON_TERMINALS = [
  "_tcp.headwaiter.internal.",
  "addr.headwaiter.internal.",
  "all.headwaiter.internal.",
  "_tcp.all.headwaiter.internal.",
];

const NO_DATA: readonly Row[] = [
  ...noDataRows("an empty non-terminal exists", EMPTY_NON_TERMINALS, ["A", "SRV", "ANY", "TYPE65400"]),
  ...noDataRows(
    "another type at an SRV owner",
    ["_nomad._tcp.headwaiter.internal."],
    ["A", "AAAA", "TXT", "TYPE65"],
  ),
  ...noDataRows("another type at an SRV owner", ["_nomad._tcp.all.headwaiter.internal."], ["A", "TYPE65400"]),
  ...noDataRows("another type at a pool", ["nomad.headwaiter.internal."], ["AAAA", "SRV", "MX", "TYPE65400"]),
  ...noDataRows(
    "another type at the apex",
    ["headwaiter.internal."],
    ["A", "AAAA", "DS", "DNSKEY", "SRV", "TYPE0"],
  ),
  ...noDataRows("another type at the name server", ["ns.headwaiter.internal."], ["AAAA", "TXT", "SRV"]),
  ...noDataRows("another type at a target", ["10-0-0-1.addr.headwaiter.internal."], ["AAAA", "SRV"]),
  ...noDataRows("another type at a target", ["2001-db8--1.addr.headwaiter.internal."], ["A"]),
];

const NO_NAME: readonly Row[] = [
  "x.headwaiter.internal.",
  "x.y.z.a.b.c.d.e.f.g.headwaiter.internal.",
  "_other._tcp.headwaiter.internal.",
  "_other._tcp.all.headwaiter.internal.",
  "_nomad._udp.headwaiter.internal.",
  "x._nomad._tcp.headwaiter.internal.",
  "x.nomad.headwaiter.internal.",
  "x.ns.headwaiter.internal.",
  "x._tcp.headwaiter.internal.",
  "x.addr.headwaiter.internal.",
  "10-0-0.addr.headwaiter.internal.",
  "10-0-0-256.addr.headwaiter.internal.",
  "010-0-0-1.addr.headwaiter.internal.",
  "2001-db8-1.addr.headwaiter.internal.",
  "1--2--3.addr.headwaiter.internal.",
  "10-0-0-1.all.headwaiter.internal.",
  "10-0-0-1.x.addr.headwaiter.internal.",
  "x.10-0-0-1.addr.headwaiter.internal.",
  "headwaiter.internal.headwaiter.internal.",
  `${"x".repeat(63)}.headwaiter.internal.`,
].map((name) => ({
  about: "an unknown name of the zone",
  ask: `${name} IN A`,
  expect: noName(`${name} IN A`),
}));

const REFUSED: readonly Row[] = [
  ...[
    "example.com.",
    ".",
    "internal.",
    "xheadwaiter.internal.",
    "headwaiter.internal.example.",
    "eadwaiter.internal.",
  ].map((name) => ({
    about: "outside the zone",
    ask: `${name} IN A +rd`,
    expect: `;; REFUSED qr rd\n? ${name} IN A`,
  })),
  ...["CH", "HS", "NONE", "ANY"].map((qclass) => ({
    about: "another class",
    ask: `_nomad._tcp.headwaiter.internal. ${qclass} SRV`,
    expect: `;; REFUSED qr\n? _nomad._tcp.headwaiter.internal. ${qclass} SRV`,
  })),
  {
    about: "the version, which nobody needs to know",
    ask: "version.bind. CH TXT",
    expect: ";; REFUSED qr\n? version.bind. CH TXT",
  },
  ...["AXFR", "IXFR"].map((type) => ({
    about: "a transfer",
    ask: `headwaiter.internal. IN ${type}`,
    expect: `;; NOTIMP qr\n? headwaiter.internal. IN ${type}`,
    overTcp: `;; REFUSED qr\n? headwaiter.internal. IN ${type}`,
  })),
  ...["AXFR", "IXFR"].map((type) => ({
    about: "a transfer with an OPT gets one",
    ask: `headwaiter.internal. IN ${type} +edns=0`,
    expect: `;; NOTIMP qr\n${EDNS}\n? headwaiter.internal. IN ${type}`,
    overTcp: `;; REFUSED qr\n${EDNS}\n? headwaiter.internal. IN ${type}`,
  })),
  ...[1, 2, 3, 4, 5, 6, 15].map((opcode) => ({
    about: "another opcode",
    ask: `headwaiter.internal. IN SOA +rd +opcode=${opcode}`,
    expect: `;; NOTIMP qr rd opcode=${opcode}\n? headwaiter.internal. IN SOA`,
  })),
  ...[1, 2, 3, 4, 5, 6, 15].map((opcode) => ({
    about: "another opcode with an OPT gets one",
    ask: `headwaiter.internal. IN SOA +edns=0 +do +opcode=${opcode}`,
    expect: `;; NOTIMP qr opcode=${opcode}\n${EDNS} do\n? headwaiter.internal. IN SOA`,
  })),
];

const STATES: readonly Row[] = [
  ...[
    "_cold._tcp.headwaiter.internal. IN SRV",
    "_cold._tcp.all.headwaiter.internal. IN SRV",
    "_cold._tcp.headwaiter.internal. IN ANY",
    "cold.headwaiter.internal. IN A",
    "cold.headwaiter.internal. IN AAAA",
    "cold.headwaiter.internal. IN TXT",
    "cold.headwaiter.internal. IN ANY",
    "_emptied._tcp.headwaiter.internal. IN SRV",
  ].flatMap((question) => [
    { about: "no server yet", ask: question, expect: `;; SERVFAIL qr\n? ${question}` },
    {
      about: "no server yet: Not Ready",
      ask: `${question} +edns=0`,
      expect: `;; SERVFAIL qr\n${EDNS} option=15:000e\n? ${question}`,
    },
  ]),
  {
    about: "what is not there is not there, ready or not",
    ask: "_cold._tcp.headwaiter.internal. IN A",
    expect: noData("_cold._tcp.headwaiter.internal. IN A"),
  },
  {
    about: "remembered servers, to a client without OPT",
    ask: "old.headwaiter.internal. IN A",
    expect: `;; NOERROR qr aa
? old.headwaiter.internal. IN A
;; ANSWER
old.headwaiter.internal. 0 IN A 10.9.9.9`,
  },
  {
    about: "remembered servers: Stale Answer",
    ask: "_old._tcp.headwaiter.internal. IN SRV +edns=0",
    expect: `;; NOERROR qr aa
${EDNS} option=15:0003
? _old._tcp.headwaiter.internal. IN SRV
;; ANSWER
_old._tcp.headwaiter.internal. 0 IN SRV 0 1 4647 10-9-9-9.addr.headwaiter.internal.
;; ADDITIONAL
10-9-9-9.addr.headwaiter.internal. 300 IN A 10.9.9.9`,
  },
  {
    about: "remembered servers: NODATA is stale too",
    ask: "old.headwaiter.internal. IN AAAA +edns=0",
    expect: noData("old.headwaiter.internal. IN AAAA", `;; NOERROR qr aa\n${EDNS} option=15:0003`),
  },
];

/** The eight queries of ISC's EDNS compliance tester, and DO and sizes beyond them. */
const EDNS_ROWS: readonly Row[] = [
  ["plain", "", ";; NOERROR qr aa", `;; ANSWER\n${SOA}`],
  ["edns", "+edns=0", `;; NOERROR qr aa\n${EDNS}`, `;; ANSWER\n${SOA}`],
  ["edns1", "+edns=1", `;; BADVERS qr\n${EDNS}`, ""],
  ["ednsopt", "+edns=0 +ednsopt=100", `;; NOERROR qr aa\n${EDNS}`, `;; ANSWER\n${SOA}`],
  ["edns1opt", "+edns=1 +ednsopt=100", `;; BADVERS qr\n${EDNS}`, ""],
  ["do", "+edns=0 +do", `;; NOERROR qr aa\n${EDNS} do`, `;; ANSWER\n${SOA}`],
  ["ednsflags", "+edns=0 +ednsflags=0x40", `;; NOERROR qr aa\n${EDNS}`, `;; ANSWER\n${SOA}`],
  ["edns255", "+edns=255 +do", `;; BADVERS qr\n${EDNS} do`, ""],
  ["size 0", "+edns=0 +bufsize=0", `;; NOERROR qr aa\n${EDNS}`, `;; ANSWER\n${SOA}`],
  ["size 65535", "+edns=0 +bufsize=65535", `;; NOERROR qr aa\n${EDNS}`, `;; ANSWER\n${SOA}`],
]
  .map(([about = "", switches = "", header = "", records = ""]) => ({
    about: `EDNS compliance, ${about}`,
    ask: `headwaiter.internal. IN SOA ${switches}`,
    expect: [header, "? headwaiter.internal. IN SOA", records].filter(Boolean).join("\n"),
  }))
  .concat([
    {
      about: "EDNS compliance, edns@512",
      ask: "headwaiter.internal. IN DNSKEY +edns=0 +do +bufsize=512",
      expect: noData("headwaiter.internal. IN DNSKEY", `;; NOERROR qr aa\n${EDNS} do`),
    },
    {
      about: "REFUSED has an OPT when it was sent one",
      ask: "example.com. IN A +edns=0",
      expect: `;; REFUSED qr\n${EDNS}\n? example.com. IN A`,
    },
  ]);

export const ROWS: readonly Row[] = [
  ...NAMES,
  ...TARGETS,
  ...ANY,
  ...NO_DATA,
  ...NO_NAME,
  ...REFUSED,
  ...STATES,
  ...EDNS_ROWS,
];

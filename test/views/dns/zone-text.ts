/** Queries and replies as zone-file text, without any code of the server. */
import { type Answer, decode } from "dns-packet";

const TYPES: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DS: 43,
  DNSKEY: 48,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
};
const CLASSES: Readonly<Record<string, number>> = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 };
const RCODES: Readonly<Record<number, string>> = {
  0: "NOERROR",
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
  16: "BADVERS",
};
const ID = 0x1234;

/**
 * A query: `owner class type` and dig's switches, such as `+rd`, `+ad`, `+cd`, `+z`, `+tc`, `+qr`, `+opcode=2`,
 * `+edns=0`, `+bufsize=4096`, `+do`, `+ednsopt=100`, `+ednsflags=0x40`. The ID is 0x1234.
 */
export function query(text: string): Buffer {
  const [owner = "", qclass = "", qtype = "", ...switches] = text.trim().split(/\s+/);
  const option = (name: string): string | undefined =>
    switches.find((word) => word === `+${name}` || word.startsWith(`+${name}=`))?.replace(/^[^=]*=?/, "");
  const flag = (name: string, bit: number): number => (option(name) === undefined ? 0 : bit);
  const flags =
    flag("qr", 0x8000) |
    (Number(option("opcode") ?? 0) << 11) |
    flag("aa", 0x0400) |
    flag("tc", 0x0200) |
    flag("rd", 0x0100) |
    flag("ra", 0x0080) |
    flag("z", 0x0040) |
    flag("ad", 0x0020) |
    flag("cd", 0x0010);
  const opt = option("edns") === undefined ? undefined : optRecord(option);
  return Buffer.concat([
    words(ID, flags, 1, 0, 0, opt === undefined ? 0 : 1),
    wireName(owner),
    words(typeNumber(qtype), CLASSES[qclass] ?? 0),
    opt ?? Buffer.alloc(0),
  ]);
}

function optRecord(option: (name: string) => string | undefined): Buffer {
  const flags = (option("do") === undefined ? 0 : 0x8000) | Number(option("ednsflags") ?? 0);
  const code = option("ednsopt");
  const data = code === undefined ? Buffer.alloc(0) : words(Number(code), 0);
  return Buffer.concat([
    Buffer.of(0),
    words(41, Number(option("bufsize") ?? 4096)),
    Buffer.of(0, Number(option("edns"))),
    words(flags, data.length),
    data,
  ]);
}

function typeNumber(type: string): number {
  return TYPES[type] ?? Number(type.replace("TYPE", ""));
}

/** A name in wire form, case kept; `\DDD` is a byte. */
export function wireName(name: string): Buffer {
  const labels = name.replace(/\.$/, "").split(".").filter(Boolean);
  const bytes = labels.map((label) =>
    Buffer.from(
      label.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code))),
      "latin1",
    ),
  );
  return Buffer.concat([...bytes.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => {
    bytes.writeUInt16BE(value, i * 2);
  });
  return bytes;
}

/** A reply as text: the header, EDNS, then the sections that are not empty. Checks what all replies have in common. */
export function text(message: Buffer | undefined): string {
  if (message === undefined) {
    return "no answer";
  }
  const packet = decode(message);
  const { answers = [], authorities = [], additionals = [], questions = [] } = packet;
  const opt = additionals.find((record) => record.type === "OPT");
  const rcode = (message.readUInt16BE(2) & 0x0f) | ((opt?.extendedRcode ?? 0) << 4);
  const flags = Object.entries(FLAGS).flatMap(([name, bit]) =>
    (message.readUInt16BE(2) & bit) === 0 ? [] : [name],
  );
  const opcode = (message.readUInt16BE(2) >> 11) & 0x0f;
  const lines = [`;; ${RCODES[rcode] ?? rcode} ${flags.join(" ")}${opcode === 0 ? "" : ` opcode=${opcode}`}`];
  if (packet.id !== ID) {
    lines.push(`;; ID ${packet.id ?? "none"}`);
  }
  if (opt !== undefined) {
    const { ednsVersion, udpPayloadSize, flags: ednsFlags, options } = opt;
    const errors = options.map(({ code, data }) => ` option=${code}:${data?.toString("hex") ?? ""}`).join("");
    lines.push(`;; EDNS ${ednsVersion} udp=${udpPayloadSize}${ednsFlagsText(ednsFlags)}${errors}`);
  }
  for (const { name, type, class: qclass } of questions) {
    const qname = name === "." ? name : `${name}.`;
    lines.push(
      `? ${qname} ${qclass?.replace("UNKNOWN_254", "NONE") ?? ""} ${type.replace("UNKNOWN_", "TYPE")}`,
    );
  }
  lines.push(...section(answers, ";; ANSWER"), ...section(authorities, ";; AUTHORITY"));
  const others = additionals.filter((record) => record.type !== "OPT");
  return [...lines, ...section(others, ";; ADDITIONAL")].join("\n");
}

/** DO by its name, anything beside it as a number. */
function ednsFlagsText(flags: number): string {
  const others = flags & 0x7fff;
  return `${(flags & 0x8000) === 0 ? "" : " do"}${others === 0 ? "" : ` flags=0x${others.toString(16)}`}`;
}

const FLAGS = {
  qr: 0x8000,
  aa: 0x0400,
  tc: 0x0200,
  rd: 0x0100,
  ra: 0x0080,
  z: 0x0040,
  ad: 0x0020,
  cd: 0x0010,
};

function section(records: readonly Answer[], title: string): readonly string[] {
  return records.length === 0 ? [] : [title, ...records.map(recordText)];
}

/** A record of a reply as a line of a zone file. */
export function recordText(record: Answer): string {
  const head = (type: string, ttl: number | undefined): string =>
    `${record.name}. ${ttl ?? ""} ${"class" in record ? record.class : ""} ${type}`;
  if (record.type === "A" || record.type === "AAAA") {
    return `${head(record.type, record.ttl)} ${record.data}`;
  }
  if (record.type === "NS") {
    return `${head("NS", record.ttl)} ${record.data}.`;
  }
  if (record.type === "SRV") {
    const { priority, weight, port, target } = record.data;
    return `${head("SRV", record.ttl)} ${priority ?? ""} ${weight ?? ""} ${port} ${target}.`;
  }
  if (record.type === "TXT") {
    const quoted = strings(record.data).map((string) => JSON.stringify(string));
    return `${head("TXT", record.ttl)} ${quoted.join(" ")}`;
  }
  if (record.type === "SOA") {
    const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
    return `${head("SOA", record.ttl)} ${mname}. ${rname}. ${[serial, refresh, retry, expire, minimum].join(" ")}`;
  }
  throw new Error(`the server never sends ${record.type}`);
}

function strings(data: string | Buffer | readonly (string | Buffer)[]): readonly string[] {
  return (Array.isArray(data) ? data : [data]).map((string: string | Buffer) => string.toString("latin1"));
}

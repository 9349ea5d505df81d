/** Every kind of answer, read by decoders that are not ours: dig, kdig, drill, dnspython, Node's resolver (c-ares). */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DnsServer } from "../src/views/dns/dns-server.ts";
import { manyServers, NOON, pool } from "../test/views/dns/pools.ts";
import { started } from "../test/views/dns/serving.ts";

/** What a decoder made of an answer: the rcode and the records as `type data`, in order. */
interface Reading {
  readonly rcode: string;
  readonly answer: readonly string[];
}
type Decoder = (port: number, name: string, type: string) => Promise<Reading>;

const run = promisify(execFile);
const MANY = manyServers(300);

const PYTHON = `
import sys, dns.flags, dns.message, dns.query, dns.rcode, dns.rdatatype
port, name, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
reply, _ = dns.query.udp_with_fallback(dns.message.make_query(name, kind, use_edns=0), "127.0.0.1", port=port, timeout=5)
print("status: " + dns.rcode.to_text(reply.rcode()) + ",")
print(";; ANSWER SECTION:")
for rrset in reply.answer:
    for record in rrset:
        print(rrset.name, rrset.ttl, "IN", dns.rdatatype.to_text(rrset.rdtype), record.to_text())
`;

const DECODERS: Readonly<Record<string, Decoder>> = {
  dig: async (port, name, type) =>
    reading(
      (await run("dig", ["+nocookie", "+noadditional", "@127.0.0.1", "-p", `${port}`, name, type])).stdout,
    ),
  kdig: async (port, name, type) =>
    reading(
      (await run("kdig", ["+edns", "+noadditional", "@127.0.0.1", "-p", `${port}`, name, type])).stdout,
    ),
  drill: async (port, name, type) =>
    // drill exits with 1 for an rcode that is an error to it.
    reading(
      await run("drill", ["-a", "-p", `${port}`, name, "@127.0.0.1", type]).then(
        ({ stdout }) => stdout,
        (error: unknown) => (error as { stdout: string }).stdout,
      ),
    ),
  dnspython: async (port, name, type) =>
    reading((await run("/usr/bin/python3", ["-c", PYTHON, `${port}`, name, type])).stdout),
  "Node's resolver": nodeReading,
};

/** The text that dig, kdig and drill have in common. */
function reading(output: string): Reading {
  const rcode = /(?:status|rcode): ([A-Z]+)[;,]/.exec(output)?.[1] ?? "none";
  const section = /;; ANSWER SECTION:\n((?:[^;\n].*\n)*)/.exec(output)?.[1] ?? "";
  const answer = section
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(/\s+/).slice(3).join(" "));
  return { rcode, answer };
}

async function nodeReading(port: number, name: string, type: string): Promise<Reading> {
  const resolver = new Resolver({ timeout: 5000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const asked = {
    A: () => resolver.resolve4(name),
    AAAA: () => resolver.resolve6(name),
    NS: async () => (await resolver.resolveNs(name)).map((target) => `${target}.`),
    TXT: async () =>
      (await resolver.resolveTxt(name)).map((strings) => strings.map((s) => `"${s}"`).join(" ")),
    SRV: async () =>
      (await resolver.resolveSrv(name)).map((srv) =>
        [srv.priority, srv.weight, srv.port, `${srv.name}.`].join(" "),
      ),
    SOA: async () => {
      const soa = await resolver.resolveSoa(name);
      const names = `${soa.nsname}. ${soa.hostmaster}.`;
      return [[names, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minttl].join(" ")];
    },
  }[type];
  try {
    return { rcode: "NOERROR", answer: ((await asked?.()) ?? []).map((data) => `${type} ${data}`) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const rcode = { ENODATA: "NOERROR", ENOTFOUND: "NXDOMAIN", ESERVFAIL: "SERVFAIL", EREFUSED: "REFUSED" }[
      code
    ];
    return { rcode: rcode ?? code, answer: [] };
  }
}

const ANSWERS: readonly (readonly [name: string, type: string, rcode: string, ...answer: string[]])[] = [
  ["_nomad._tcp.headwaiter.internal", "SRV", "NOERROR", "SRV 0 1 4647 10-0-0-1.addr.headwaiter.internal."],
  [
    "_nomad._tcp.all.headwaiter.internal",
    "SRV",
    "NOERROR",
    "SRV 0 1 4647 10-0-0-1.addr.headwaiter.internal.",
    "SRV 1 1 4648 db.example.",
    "SRV 2 1 4649 2001-db8--1.addr.headwaiter.internal.",
  ],
  ["nomad.headwaiter.internal", "A", "NOERROR", "A 10.0.0.1"],
  ["six.headwaiter.internal", "AAAA", "NOERROR", "AAAA 2001:db8::1"],
  [
    "nomad.headwaiter.internal",
    "TXT",
    "NOERROR",
    'TXT "head=10.0.0.1:4647" "tier=primary" "state=live" "since=2026-11-22T12:00:00.000Z" "revision=1" "why=the configuration named it first" "cause=primary-added" "source=static"',
  ],
  ["2001-db8--1.addr.headwaiter.internal", "AAAA", "NOERROR", "AAAA 2001:db8::1"],
  ["headwaiter.internal", "NS", "NOERROR", "NS ns.headwaiter.internal."],
  [
    "headwaiter.internal",
    "SOA",
    "NOERROR",
    `SOA ns.headwaiter.internal. hostmaster.headwaiter.internal. ${NOON / 1000} 86400 7200 3600000 1`,
  ],
  ["old.headwaiter.internal", "A", "NOERROR", "A 10.9.9.9"],
  ["nomad.headwaiter.internal", "AAAA", "NOERROR"],
  ["_tcp.headwaiter.internal", "A", "NOERROR"],
  ["x.headwaiter.internal", "A", "NXDOMAIN"],
  ["cold.headwaiter.internal", "A", "SERVFAIL"],
  ["example.com", "A", "REFUSED"],
  [
    "_many._tcp.all.headwaiter.internal",
    "SRV",
    "NOERROR",
    ...MANY.map(
      (server, i) =>
        `SRV ${i} 1 4647 ${server.replace(":4647", "").replaceAll(".", "-")}.addr.headwaiter.internal.`,
    ),
  ],
];

describe("independent decoders", () => {
  let dns: DnsServer;
  let port: number;
  before(async () => {
    execFileSync(fileURLToPath(new URL("../scripts/dns-peers", import.meta.url)), { stdio: "inherit" });
    const running = await started({
      nomad: pool("live", ["10.0.0.1:4647", "db.example:4648=10.0.0.5,2001:db8::5", "[2001:db8::1]:4649"]),
      six: pool("live", ["[2001:db8::1]:4647"]),
      old: pool("stale", ["10.9.9.9:4647"]),
      cold: pool("empty", []),
      many: pool("live", MANY),
    });
    dns = running.dns;
    port = running.address.port;
  });
  after(() => dns.stop());

  for (const [decoder, read] of Object.entries(DECODERS)) {
    test(`${decoder} reads every kind of answer`, async () => {
      const readings = await Promise.all(ANSWERS.map(([name, type]) => read(port, name, type)));
      assert.deepEqual(
        readings,
        ANSWERS.map(([, , rcode, ...answer]) => ({ rcode, answer })),
      );
    });
  }

  test("dig and kdig read the extended errors", async () => {
    const extended = async (command: string, name: string): Promise<string> =>
      /EDE: .*/.exec((await run(command, ["@127.0.0.1", "+edns", "-p", `${port}`, name, "A"])).stdout)?.[0] ??
      "";
    assert.match(await extended("dig", "cold.headwaiter.internal"), /14 \(Not Ready\)/);
    assert.match(await extended("dig", "old.headwaiter.internal"), /3 \(Stale Answer\)/);
    assert.match(await extended("kdig", "cold.headwaiter.internal"), /14 \(Not Ready\)/i);
    assert.match(await extended("kdig", "old.headwaiter.internal"), /3 \(Stale Answer\)/i);
  });
});

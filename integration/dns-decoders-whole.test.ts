/**
 * Whole messages as dig, kdig and drill print them: every section with owner, TTL and class, and the answers that say
 * no.
 */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DnsServer } from "../src/views/dns/dns-server.ts";
import { manyServers, NOON, pool } from "../test/views/dns/pools.ts";
import { started } from "../test/views/dns/serving.ts";

const run = promisify(execFile);
const Z = "headwaiter.internal.";
const SOA = `${Z} 1 IN SOA ns.${Z} hostmaster.${Z} ${NOON / 1000} 86400 7200 3600000 1`;

/** What follows the name of each program; the server's address is put in front. */
const DIG = ["+nocookie"];
const KDIG = ["+edns"];
const PLAIN = ["+noedns", "+ignore", `_many._tcp.all.${Z}`, "SRV"];

interface Row {
  readonly about: string;
  readonly command: "dig" | "kdig" | "drill";
  readonly args: readonly string[];
  /** The rcode, the flags, and the records of all sections. */
  readonly expect: readonly [rcode: string, flags: string, ...records: string[]];
}

const LIST: Row["expect"] = [
  "NOERROR",
  "qr aa rd",
  `_nomad._tcp.all.${Z} 0 IN SRV 0 1 4647 10-0-0-1.addr.${Z}`,
  `_nomad._tcp.all.${Z} 0 IN SRV 1 1 4648 db.example.`,
  `_nomad._tcp.all.${Z} 0 IN SRV 2 1 4649 2001-db8--1.addr.${Z}`,
  `10-0-0-1.addr.${Z} 300 IN A 10.0.0.1`,
  "db.example. 0 IN A 10.0.0.5",
  "db.example. 0 IN AAAA 2001:db8::5",
  `2001-db8--1.addr.${Z} 300 IN AAAA 2001:db8::1`,
];

const ROWS: readonly Row[] = [
  ...(["dig", "kdig", "drill"] as const).flatMap((command): readonly Row[] => {
    const edns = { dig: DIG, kdig: KDIG, drill: [] }[command];
    return [
      {
        about: "a list with its addresses",
        command,
        args: [...edns, `_nomad._tcp.all.${Z}`, "SRV"],
        expect: LIST,
      },
      {
        about: "NXDOMAIN with its SOA",
        command,
        args: [...edns, `x.${Z}`, "A"],
        expect: ["NXDOMAIN", "qr aa rd", SOA],
      },
      {
        about: "NODATA with its SOA",
        command,
        args: [...edns, `_tcp.${Z}`, "A"],
        expect: ["NOERROR", "qr aa rd", SOA],
      },
      {
        about: "a name server with its address",
        command,
        args: [...edns, Z, "NS"],
        expect: ["NOERROR", "qr aa rd", `${Z} 300 IN NS ns.${Z}`, `ns.${Z} 300 IN A 127.0.0.1`],
      },
      {
        about: "ANY",
        command,
        args: [...edns, ...(command === "dig" ? ["+notcp"] : []), `nomad.${Z}`, "ANY"],
        expect: ["NOERROR", "qr aa rd", `nomad.${Z} 0 IN A 10.0.0.1`],
      },
    ];
  }),
  {
    about: "class CH",
    command: "dig",
    args: [...DIG, "version.bind.", "TXT", "CH"],
    expect: ["REFUSED", "qr rd"],
  },
  {
    about: "class CH",
    command: "kdig",
    args: [...KDIG, "version.bind.", "TXT", "CH"],
    expect: ["REFUSED", "qr rd"],
  },
  { about: "class CH", command: "drill", args: ["version.bind.", "TXT", "CH"], expect: ["REFUSED", "qr rd"] },
  { about: "TC", command: "dig", args: [...DIG, ...PLAIN], expect: ["NOERROR", "qr aa tc rd"] },
  { about: "TC", command: "kdig", args: PLAIN, expect: ["NOERROR", "qr aa tc rd"] },
  {
    about: "BADVERS",
    command: "dig",
    args: [...DIG, "+edns=1", "+noednsneg", Z, "SOA"],
    expect: ["BADVERS", "qr rd"],
  },
  { about: "BADVERS", command: "kdig", args: ["+edns=1", Z, "SOA"], expect: ["BADVERS", "qr rd"] },
  {
    about: "NOTIMP",
    command: "dig",
    args: [...DIG, "+opcode=STATUS", Z, "SOA"],
    expect: ["NOTIMP", "qr rd"],
  },
  {
    about: "FORMERR",
    command: "dig",
    args: [...DIG, "+header-only", Z, "SOA"],
    expect: ["FORMERR", "qr rd"],
  },
];

async function printed(command: Row["command"], port: number, args: readonly string[]): Promise<string> {
  // drill exits with 1 for an rcode that is an error to it.
  return await run(command, ["@127.0.0.1", "-p", `${port}`, ...args]).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

/** The rcode, the flags, and every line of a record, blanks made one. */
function reading(output: string): readonly string[] {
  const rcode = /(?:status|rcode): ([A-Z]+)[;,]/.exec(output)?.[1] ?? "none";
  const flags = /flags: ([a-z ]+?) ?;/i.exec(output)?.[1] ?? "none";
  const records = output.split("\n").filter((line) => line !== "" && !line.startsWith(";"));
  return [rcode, flags.toLowerCase(), ...records.map((line) => line.replaceAll(/\s+/g, " ").trim())];
}

describe("whole messages", () => {
  let dns: DnsServer;
  let port: number;
  before(async () => {
    execFileSync(fileURLToPath(new URL("../scripts/dns-peers", import.meta.url)), { stdio: "inherit" });
    const running = await started({
      nomad: pool("live", ["10.0.0.1:4647", "db.example:4648=10.0.0.5,2001:db8::5", "[2001:db8::1]:4649"]),
      many: pool("live", manyServers(300)),
    });
    dns = running.dns;
    port = running.address.port;
  });
  after(() => dns.stop());

  for (const { about, command, args, expect } of ROWS) {
    test(`${command}: ${about}`, async () => {
      assert.deepEqual(reading(await printed(command, port, args)), expect);
    });
  }
});

/** Consul's own names: what they answer, and that the agent's own zone stays as it is beside them. */
import assert from "node:assert/strict";
import { after, describe, suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import type { ShownPool } from "../../../src/core/pool-view.ts";
import type { ConsulNames } from "../../../src/views/dns/table/table-encoder.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import type { ZonePool } from "../../../src/views/dns/zone/zone.ts";
import { askUdp } from "./dns-client.ts";
import { pool } from "./pools.ts";
import { serving, started } from "./serving.ts";
import { query, text } from "./zone-text.ts";

const CONSUL = { domain: "consul", datacenter: "DC1", answers: "head" } as const;
const WEB = ["10.0.0.1:80", "10.0.0.2:81"];

function service(name: string, tag: string | undefined, servers: readonly string[]): ZonePool {
  return { ...pool(servers.length === 0 ? "empty" : "live", servers), service: { name, tag } };
}

/** As long as a label can be: with an underscore before it there is no such name. */
const LONG = "l".repeat(63);

const POOLS = {
  long: service(LONG, undefined, ["10.0.0.9:9"]),
  first: service("Web", undefined, WEB),
  second: service("web", undefined, ["10.9.9.9:9"]),
  blue: service("web", "Blue", ["[2001:db8::1]:82"]),
  named: service("named", undefined, ["db.example:83=10.0.0.5,2001:db8::5"]),
  empty: service("empty", undefined, []),
  odd: service("a.b", undefined, ["10.0.0.7:1"]),
  own: pool("live", ["10.0.0.8:1"]),
};

/** The reply without the line of the question. */
async function answer(address: DnsAddress, question: string): Promise<string> {
  const reply = text(await askUdp(address, query(question)));
  return reply
    .split("\n")
    .filter((line) => !line.startsWith("?"))
    .join("\n");
}

const SOA = ";; AUTHORITY\nconsul. 1 IN SOA ns.consul. hostmaster.consul. 1795348800 86400 7200 3600000 1";
const NO_DATA = `;; NOERROR qr aa\n${SOA}`;
const NO_NAME = `;; NXDOMAIN qr aa\n${SOA}`;

suite("Consul's names", () => {
  describe("a question and its answer", () => {
    const server = started(POOLS, { consulNames: CONSUL });
    after(async () => (await server).dns.stop());
    const rows: readonly [question: string, answer: string][] = [
      ["web.service.consul. IN A", ";; NOERROR qr aa\n;; ANSWER\nweb.service.consul. 0 IN A 10.0.0.1"],
      [
        "WEB.Service.dc1.CONSUL. IN A",
        ";; NOERROR qr aa\n;; ANSWER\nWEB.Service.dc1.CONSUL. 0 IN A 10.0.0.1",
      ],
      ["web.service.consul. IN AAAA", NO_DATA],
      ["web.service.consul. IN TXT", NO_DATA],
      [
        "_web._tcp.service.consul. IN SRV",
        ";; NOERROR qr aa\n;; ANSWER\n_web._tcp.service.consul. 0 IN SRV 1 1 80 0a000001.addr.consul.\n" +
          ";; ADDITIONAL\n0a000001.addr.consul. 300 IN A 10.0.0.1",
      ],
      [
        "_web._tcp.service.consul. IN A",
        ";; NOERROR qr aa\n;; ANSWER\n_web._tcp.service.consul. 0 IN A 10.0.0.1",
      ],
      ["_web._udp.service.consul. IN SRV", NO_NAME],
      ["_tcp.service.consul. IN A", NO_DATA],
      ["_Blue.service.DC1.consul. IN SRV", NO_DATA],
      ["tcp.service.consul. IN A", NO_NAME],
      [
        "blue.web.service.consul. IN AAAA",
        ";; NOERROR qr aa\n;; ANSWER\nblue.web.service.consul. 0 IN AAAA 2001:db8::1",
      ],
      [
        "_web._blue.service.dc1.consul. IN SRV",
        ";; NOERROR qr aa\n;; ANSWER\n_web._blue.service.dc1.consul. 0 IN SRV 1 1 82 " +
          "20010db8000000000000000000000001.addr.consul.\n" +
          ";; ADDITIONAL\n20010db8000000000000000000000001.addr.consul. 300 IN AAAA 2001:db8::1",
      ],
      [
        "named.service.consul. IN SRV",
        ";; NOERROR qr aa\n;; ANSWER\nnamed.service.consul. 0 IN SRV 1 1 83 db.example.\n" +
          ";; ADDITIONAL\ndb.example. 0 IN A 10.0.0.5\ndb.example. 0 IN AAAA 2001:db8::5",
      ],
      [
        `${LONG}.service.consul. IN A`,
        `;; NOERROR qr aa\n;; ANSWER\n${LONG}.service.consul. 0 IN A 10.0.0.9`,
      ],
      ["empty.service.consul. IN A", ";; SERVFAIL qr"],
      ["empty.service.consul. IN TXT", NO_DATA],
      ["green.web.service.consul. IN A", NO_NAME],
      ["a.b.service.consul. IN A", NO_NAME],
      ["own.service.consul. IN A", NO_NAME],
      ["web.service.dc2.consul. IN A", ";; REFUSED qr"],
      ["a.node.consul. IN A", ";; REFUSED qr"],
      ["a.query.consul. IN A", ";; REFUSED qr"],
      ["service.consul. IN A", NO_DATA],
      ["0A000009.addr.consul. IN A", ";; NOERROR qr aa\n;; ANSWER\n0A000009.addr.consul. 300 IN A 10.0.0.9"],
      ["0a000009.addr.consul. IN SRV", NO_DATA],
      ["0a0000.addr.consul. IN A", NO_NAME],
      [
        "consul. IN NS",
        ";; NOERROR qr aa\n;; ANSWER\nconsul. 300 IN NS ns.consul.\n;; ADDITIONAL\nns.consul. 300 IN A 127.0.0.1",
      ],
      ["web.service.consul. CH A", ";; REFUSED qr"],
      [
        "own.headwaiter.internal. IN A",
        ";; NOERROR qr aa\n;; ANSWER\nown.headwaiter.internal. 0 IN A 10.0.0.8",
      ],
      [
        "0a000009.addr.headwaiter.internal. IN A",
        ";; NXDOMAIN qr aa\n;; AUTHORITY\nheadwaiter.internal. 1 IN SOA ns.headwaiter.internal. " +
          "hostmaster.headwaiter.internal. 1795348800 86400 7200 3600000 1",
      ],
    ];
    for (const [question, expected] of rows) {
      test(question, async () => {
        const { address } = await server;
        assert.equal(await answer(address, question), expected);
      });
    }
  });

  test("are refused where they are off, and follow the configuration while it serves", async (t) => {
    const { address, dns } = await serving(t, POOLS);
    const statusOf = async (name: string) => (await answer(address, `${name} IN A`)).split("\n")[0];
    const configure = (consulNames: ConsulNames | undefined) => {
      dns.configure({ ttlSeconds: 0, negativeTtlSeconds: 1, consulNames });
    };
    assert.equal(await statusOf("web.service.consul."), ";; REFUSED qr");
    configure(CONSUL);
    await until(async () => (await statusOf("web.service.consul.")) === ";; NOERROR qr aa");
    configure({ domain: "other.example", datacenter: "dc2", answers: "head" });
    await until(async () => (await statusOf("web.service.dc2.other.example.")) === ";; NOERROR qr aa");
    assert.equal(await statusOf("web.service.consul."), ";; REFUSED qr");
    configure(undefined);
    await until(async () => (await statusOf("web.service.other.example.")) === ";; REFUSED qr");
  });

  test("follow the list and the service of a pool", async (t) => {
    const { address, dns } = await serving(t, {}, { consulNames: CONSUL });
    let changed: () => void = () => undefined;
    let shown = service("web", undefined, WEB);
    const web: ShownPool = {
      name: "web",
      consulService: () => shown.service,
      snapshot: () => shown.snapshot,
      listState: () => shown.state,
      subscribe: (listener) => {
        changed = listener;
        return () => undefined;
      },
    };
    const show = (next: ZonePool) => {
      shown = next;
      changed();
    };
    const isAnswered = async (name: string, server: string) =>
      (await answer(address, `${name} IN A`)).endsWith(` ${server}`);
    dns.show([web]);
    await until(() => isAnswered("web.service.consul.", "10.0.0.1"));
    show(service("web", undefined, WEB.toReversed()));
    await until(() => isAnswered("web.service.consul.", "10.0.0.2"));
    show({ ...shown, service: { name: "site", tag: undefined } });
    await until(() => isAnswered("site.service.consul.", "10.0.0.2"));
    assert.equal(await answer(address, "web.service.consul. IN A"), NO_NAME);
  });
});

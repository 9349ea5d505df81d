/** Consul's own names with all servers that are usable now: which those are, in which order, and how many fit. */
import assert from "node:assert/strict";
import { after, before, describe, suite, test } from "node:test";
import { decode } from "dns-packet";
import { until } from "../../../scripts/lab/until.ts";
import type { ShownPool } from "../../../src/core/pool-view.ts";
import type { DnsServer } from "../../../src/views/dns/dns-server.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import type { ZonePool } from "../../../src/views/dns/zone/zone.ts";
import { askTcp, askUdp, framed } from "./dns-client.ts";
import { manyServers, pool } from "./pools.ts";
import { serving, started } from "./serving.ts";
import { query } from "./zone-text.ts";

const ALL = { domain: "consul", datacenter: "dc1", answers: "all" } as const;
const THREE = ["10.0.0.3:80", "10.0.0.1:81", "db.example:82=10.0.0.5,2001:db8::5"];

function service(name: string, servers: readonly string[], down: readonly string[] = []): ZonePool {
  return { ...pool("live", servers), service: { name, tag: undefined }, down: new Set(down) };
}

/** The data of the answer, and that it is cut. */
function dataOf(reply: Buffer | undefined): readonly string[] {
  const { answers = [], flag_tc } = decode(reply ?? assert.fail("no reply"));
  const data = answers.map((record) => {
    assert.ok(record.type === "A" || record.type === "AAAA" || record.type === "SRV", record.type);
    return record.type === "SRV" ? `${record.data.target}:${record.data.port}` : record.data;
  });
  return flag_tc ? [...data, "TC"] : data;
}

suite("Consul's names with all usable servers", () => {
  describe("answer", () => {
    let dns: DnsServer;
    let address: DnsAddress;
    before(async () => {
      ({ dns, address } = await started(
        {
          web: service("web", THREE),
          "one-down": service("one-down", THREE, ["10.0.0.3:80"]),
          "all-down": service("all-down", THREE, ["10.0.0.3:80", "10.0.0.1:81", "db.example:82"]),
          twice: service("twice", ["10.0.0.1:1", "10.0.0.1:2"]),
          many: service("many", manyServers(300)),
          vast: service("vast", manyServers(10_000)),
        },
        { consulNames: ALL },
      ));
    });
    after(() => dns.stop());
    const asked = async (question: string) => dataOf(await askUdp(address, query(question)));

    test("each server in the order of the list, the head first", async () => {
      assert.deepEqual(await asked("web.service.consul. IN A"), ["10.0.0.3", "10.0.0.1", "10.0.0.5"]);
      assert.deepEqual(await asked("web.service.dc1.consul. IN AAAA"), ["2001:db8::5"]);
      assert.deepEqual(await asked("_web._tcp.service.consul. IN SRV"), [
        "0a000003.addr.consul:80",
        "0a000001.addr.consul:81",
        "db.example:82",
      ]);
    });

    test("the addresses of SRV targets along with them", async () => {
      const reply = await askUdp(address, query("_web._tcp.service.consul. IN SRV"));
      const { additionals = [] } = decode(reply ?? assert.fail());
      assert.deepEqual(
        additionals.map(({ name, type }) => `${name} ${type}`),
        ["0a000003.addr.consul A", "0a000001.addr.consul A", "db.example A", "db.example AAAA"],
      );
    });

    test("without those that were found down lately", async () => {
      assert.deepEqual(await asked("one-down.service.consul. IN A"), ["10.0.0.1", "10.0.0.5"]);
      assert.equal((await asked("one-down.service.consul. IN SRV")).length, 2);
    });

    test("with all where each was found down", async () => {
      assert.equal((await asked("all-down.service.consul. IN A")).length, 3);
    });

    test("an address once, whatever the number of its ports", async () => {
      assert.deepEqual(await asked("twice.service.consul. IN A"), ["10.0.0.1"]);
      assert.equal((await asked("twice.service.consul. IN SRV")).length, 2);
    });

    test("ANY with one kind of records", async () => {
      assert.deepEqual(await asked("web.service.consul. IN ANY"), ["10.0.0.3", "10.0.0.1", "10.0.0.5"]);
    });

    test("over UDP as many whole records as fit, marked as truncated", async () => {
      const first = (count: number) =>
        [...manyServers(300).slice(0, count)].map((server) => server.replace(":4647", ""));
      // 12 bytes of header, 25 of question, 16 for each record; 11 for the OPT.
      assert.deepEqual(await asked("many.service.consul. IN A"), [...first(29), "TC"]);
      assert.deepEqual(await asked("many.service.consul. IN A +edns=0 +bufsize=4096"), [...first(74), "TC"]);
      const srv = await asked("many.service.consul. IN SRV +edns=0 +bufsize=1232");
      assert.ok(srv.length > 20 && srv.at(-1) === "TC", String(srv.length));
      for (let size = 512; size <= 1300; size += 7) {
        const reply = await askUdp(address, query(`many.service.consul. IN SRV +edns=0 +bufsize=${size}`));
        assert.ok(reply !== undefined && reply.length <= Math.min(size, 1232));
        decode(reply);
      }
    });

    test("over TCP with all, or as many as a message holds", async () => {
      const overTcp = async (question: string) =>
        dataOf((await askTcp(address, [framed(query(question))])).replies[0]);
      assert.equal((await overTcp("many.service.consul. IN A")).length, 300);
      assert.equal((await overTcp("many.service.consul. IN SRV")).length, 300);
      assert.equal((await overTcp("vast.service.consul. IN A")).length, 4_077);
      assert.ok((await overTcp("vast.service.consul. IN SRV")).length > 1_000);
    });
  });

  test("follow which servers were found down, from the moment that all are asked for", async (t) => {
    const { address, dns } = await serving(t, {}, { consulNames: { ...ALL, answers: "head" } });
    const { service: shown, snapshot } = service("web", THREE);
    let keys = new Set<string>();
    const listeners = new Set<() => void>();
    const web: ShownPool = {
      name: "web",
      consulService: () => shown,
      snapshot: () => snapshot,
      listState: () => "live",
      subscribe: () => () => undefined,
      foundDown: {
        keys: () => keys,
        subscribe: (changed) => {
          listeners.add(changed);
          return () => {
            listeners.delete(changed);
          };
        },
      },
    };
    const find = (...down: readonly string[]) => {
      keys = new Set(down);
      for (const changed of listeners) {
        changed();
      }
    };
    const answers = async (...expected: readonly string[]) => {
      await until(async () => {
        const given = dataOf(await askUdp(address, query("web.service.consul. IN A")));
        return given.join(" ") === expected.join(" ");
      });
    };
    dns.show([web]);
    await answers("10.0.0.3");
    assert.equal(listeners.size, 0, "for the head alone the list is enough");
    dns.configure({ ttlSeconds: 0, negativeTtlSeconds: 1, consulNames: ALL });
    await answers("10.0.0.3", "10.0.0.1", "10.0.0.5");
    find("10.0.0.1:81");
    await answers("10.0.0.3", "10.0.0.5");
    find();
    await answers("10.0.0.3", "10.0.0.1", "10.0.0.5");
    await dns.stop();
    assert.equal(listeners.size, 0);
  });
});

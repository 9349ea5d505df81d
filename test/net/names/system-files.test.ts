import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { DnsResolver } from "../../../src/net/names/dns-resolver.ts";
import { parseHosts } from "../../../src/net/names/hosts-file.ts";
import { parseResolvConf } from "../../../src/net/names/resolv-conf.ts";
import { a, record, reply, TYPE, zoneScript } from "../../support/scripted-nameserver.ts";
import { failsWith, folder, nameserver, resolverAt, silence, ZONE } from "./resolving.ts";

suite("hosts file", () => {
  test("its names are not asked for; a change is seen; a missing file is empty", async () => {
    const hostsPath = join(folder, "hosts");
    const server = await nameserver(zoneScript(ZONE));
    const resolver = resolverAt([server], { hostsPath });
    assert.deepEqual((await resolver.resolve("four.example")).addresses, ["10.0.0.4"]);
    server.asked.length = 0;
    await writeFile(
      hostsPath,
      "192.0.2.1 Four.Example four # comment\n192.0.2.1 four.example\n2001:db8::1\tfour.example.\nnonsense four.example\n",
    );
    assert.deepEqual((await resolver.resolve("four.example")).addresses, ["192.0.2.1", "2001:db8::1"]);
    assert.deepEqual((await resolver.resolve("four")).addresses, ["192.0.2.1"]);
    await writeFile(
      hostsPath,
      "192.0.2.2 Four.Example four # comment\n2001:db8::1\tfour.example.\nnonsense four.example\n",
    );
    assert.deepEqual((await resolver.resolve("four")).addresses, ["192.0.2.2"]);
    assert.equal(server.asked.length, 0);
    const notInAFolder = resolverAt([server], { hostsPath: join(hostsPath, "hosts") });
    assert.deepEqual((await notInAFolder.resolve("four.example")).addresses, ["10.0.0.4"]);
    await rm(hostsPath);
    assert.deepEqual((await resolver.resolve("four.example")).addresses, ["10.0.0.4"]);
  });

  test("an address with a scope is skipped: an AAAA record can't hold it", () => {
    const hosts = parseHosts("fe80::1%lo0 db\nfe80::1%lo0 localhost\n::1 localhost\n10.0.0.5 db\n");
    assert.deepEqual(
      [...hosts],
      [
        ["localhost", ["::1"]],
        ["db", ["10.0.0.5"]],
      ],
    );
  });

  test("localhost is never asked for, with or without the file", async () => {
    const server = await nameserver(zoneScript(ZONE));
    assert.deepEqual((await resolverAt([server]).resolve("localhost")).addresses, ["127.0.0.1", "::1"]);
    assert.equal(server.asked.length, 0);
  });

  test("a file that can't be read is a clear error", async () => {
    const server = await nameserver(zoneScript(ZONE));
    await assert.rejects(
      resolverAt([server], { hostsPath: folder }).resolve("db.example"),
      failsWith("file-unreadable", /expected a readable file/),
    );
  });
});

suite("resolv.conf", () => {
  const LOCAL = { address: "127.0.0.1", port: 53 };

  test("nameservers, search, options", () => {
    const conf = parseResolvConf(
      "# generated\n; too\nnameserver 10.0.0.2\nnameserver\t::1 # local\n  search A.example. b.example\noptions ndots:2 timeout:3 attempts:4 rotate\n",
    );
    assert.deepEqual(conf, {
      nameservers: [
        { address: "10.0.0.2", port: 53 },
        { address: "::1", port: 53 },
      ],
      search: ["a.example", "b.example"],
      ndots: 2,
      timeoutMs: 3_000,
      attempts: 4,
    });
  });

  const nothing = { nameservers: [LOCAL], search: [], ndots: 1, timeoutMs: undefined, attempts: undefined };
  const rows: [string, string, object][] = [
    ["an empty file: the nameserver on this machine", "", nothing],
    [
      "malformed lines are skipped",
      "nameserver\nnameserver dns.example\nnameserver 10.0.0.256\noptions ndots:x timeout\nsearch\n\0\n",
      nothing,
    ],
    [
      "line ends of DOS",
      "nameserver 10.0.0.2\r\nsearch a.example\r\n",
      { ...nothing, nameservers: [{ ...LOCAL, address: "10.0.0.2" }], search: ["a.example"] },
    ],
    [
      "a fourth nameserver is not used",
      "nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4",
      {
        ...nothing,
        nameservers: ["1.1.1.1", "1.1.1.2", "1.1.1.3"].map((address) => ({ ...LOCAL, address })),
      },
    ],
    [
      "a link-local nameserver keeps its zone",
      "nameserver fe80::1%eth0",
      { ...nothing, nameservers: [{ ...LOCAL, address: "fe80::1%eth0" }] },
    ],
    [
      "a port in OpenBSD's form",
      "nameserver [127.0.0.1]:5353\nnameserver [::1]:99999",
      { ...nothing, nameservers: [{ address: "127.0.0.1", port: 5353 }] },
    ],
    [
      "the last of search and domain wins",
      "search a.example b.example\ndomain c.example d.example",
      { ...nothing, search: ["c.example"] },
    ],
    ["search . is no suffix", "search .", nothing],
    [
      "limits",
      "options ndots:99 timeout:999 attempts:99",
      { ...nothing, ndots: 15, timeoutMs: 30_000, attempts: 5 },
    ],
    [
      "zero counts as one",
      "options ndots:0 timeout:0 attempts:0",
      { ...nothing, ndots: 0, timeoutMs: 1_000, attempts: 1 },
    ],
  ];
  for (const [what, text, expected] of rows) {
    test(what, () => {
      assert.deepEqual(parseResolvConf(text), expected);
    });
  }

  test("is used when no nameserver is configured, and read again when it changed", async () => {
    const [one, two] = [await nameserver(zoneScript(ZONE)), await nameserver(zoneScript(ZONE))];
    const resolvConfPath = join(folder, "resolv.conf");
    const resolver = resolverAt([], { resolvConfPath });
    const use = ({ address, port }: typeof one) =>
      writeFile(resolvConfPath, `nameserver [${address}]:${port}\n`);
    await use(one);
    await resolver.resolve("db.example");
    assert.deepEqual([one.asked.length, two.asked.length], [2, 0]);
    await use(two);
    await resolver.resolve("db.example");
    assert.deepEqual([one.asked.length, two.asked.length], [2, 2]);
  });

  test("its timeout and attempts count, unless configured", async () => {
    const server = await nameserver(silence);
    const resolvConfPath = join(folder, "resolv.conf");
    await writeFile(
      resolvConfPath,
      `nameserver [${server.address}]:${server.port}\noptions timeout:1 attempts:2\n`,
    );
    const files = { resolvConfPath, hostsPath: join(folder, "no-hosts") };
    await assert.rejects(
      new DnsResolver(files).resolve("db.example"),
      failsWith("timeout", /within 1000 ms/),
    );
    assert.equal(server.asked.length, 4);
    await assert.rejects(
      new DnsResolver({ ...files, timeoutMs: 20, attempts: 1 }).resolve("db.example"),
      failsWith("timeout", /within 20 ms/),
    );
    assert.equal(server.asked.length, 6);
  });

  async function askedNames(
    host: string,
    options: string,
    zone: Record<string, Buffer[]>,
  ): Promise<string[]> {
    const server = await nameserver(zoneScript(zone));
    const resolvConfPath = join(folder, "resolv.conf");
    await writeFile(resolvConfPath, `nameserver [${server.address}]:${server.port}\n${options}\n`);
    await resolverAt([], { resolvConfPath })
      .resolve(host)
      .catch(() => undefined);
    return [...new Set(server.asked.map(({ name }) => name))];
  }
  const search = "search one.example two.example\noptions ndots:2";

  test("a short name is tried in each search domain first", async () => {
    assert.deepEqual(await askedNames("db", search, {}), ["db.one.example", "db.two.example", "db"]);
    const zone = { "db.two.example": [a("db.two.example", "10.0.0.5")] };
    assert.deepEqual(await askedNames("db", search, zone), ["db.one.example", "db.two.example"]);
  });

  test("a name with ndots dots is tried as it is first; with a final dot only so", async () => {
    assert.deepEqual(await askedNames("a.b.c", search, {}), [
      "a.b.c",
      "a.b.c.one.example",
      "a.b.c.two.example",
    ]);
    assert.deepEqual(await askedNames("db.", search, {}), ["db"]);
  });

  test("a name that a search domain makes too long is not tried with it", async () => {
    const server = await nameserver(zoneScript({}));
    const resolvConfPath = join(folder, "resolv.conf");
    await writeFile(resolvConfPath, `nameserver [${server.address}]:${server.port}\n${search}\n`);
    const long = `${"x.".repeat(122)}x`;
    await assert.rejects(resolverAt([], { resolvConfPath }).resolve(long), failsWith("no-such-name"));
  });

  test("a search goes on past a name without address, which outweighs missing names", async () => {
    const zone = { "db.one.example": [record("db.one.example", TYPE.TXT, 1, Buffer.from("\x01x"))] };
    const server = await nameserver(zoneScript(zone));
    const resolvConfPath = join(folder, "resolv.conf");
    await writeFile(resolvConfPath, `nameserver [${server.address}]:${server.port}\n${search}\n`);
    await assert.rejects(resolverAt([], { resolvConfPath }).resolve("db"), failsWith("no-address"));
    assert.equal(server.asked.length, 6);
  });

  test("a search stops at a failing nameserver: it must not end at another name", async () => {
    const server = await nameserver((asked, send) => {
      send(
        reply(
          asked,
          asked.name === "db.one.example" ? { rcode: 2 } : { records: [a(asked.name, "6.6.6.6")] },
        ),
      );
    });
    const resolvConfPath = join(folder, "resolv.conf");
    await writeFile(resolvConfPath, `nameserver [${server.address}]:${server.port}\n${search}\n`);
    await assert.rejects(resolverAt([], { resolvConfPath }).resolve("db"), failsWith("server-failure"));
  });

  test("configured nameservers are asked for the name as it is", async () => {
    const server = await nameserver(zoneScript(ZONE));
    const resolvConfPath = join(folder, "resolv.conf");
    await writeFile(resolvConfPath, `nameserver 127.0.0.9\n${search}\n`);
    await assert.rejects(resolverAt([server], { resolvConfPath }).resolve("db"), failsWith("no-such-name"));
    assert.deepEqual(new Set(server.asked.map(({ name }) => name)), new Set(["db"]));
  });
});

/** The resolver against dnsmasq: an implementation of DNS that is not ours and not dns2's. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../scripts/lab/free-port.ts";
import { DnsResolver, type DnsResolverOptions } from "../src/net/names/dns-resolver.ts";
import { ResolveError } from "../src/net/names/resolve-error.ts";

const ADDRESSES = Array.from({ length: 100 }, (_, i) => `10.0.1.${i}`);

/** Names are case-insensitive; what is not here does not exist, what is not under `example` is refused. */
const RECORDS = [
  "--local=/example/",
  "--local-ttl=77",
  "--host-record=db.example,10.0.0.5,2001:db8::5",
  "--host-record=four.example,10.0.0.4",
  "--host-record=six.example,2001:db8::6",
  "--host-record=brief.example,10.0.0.9,5",
  "--cname=alias.example,second.example,db.example",
  "--txt-record=text.example,hello",
];

let folder: string;
const started: ChildProcess[] = [];

before(async () => {
  execFileSync(fileURLToPath(new URL("../scripts/dns-peers", import.meta.url)), ["resolver"], {
    stdio: "inherit",
  });
  folder = await mkdtemp(join(tmpdir(), "resolver-"));
  await writeFile(join(folder, "many"), ADDRESSES.map((address) => `${address} many.example\n`).join(""));
});

after(async () => {
  await Promise.all(started.map(stop));
  await rm(folder, { recursive: true });
});

interface Dnsmasq {
  readonly process: ChildProcess;
  readonly port: number;
}

/** dnsmasq on 127.0.0.1 and ::1, ready to answer. */
async function dnsmasq(): Promise<Dnsmasq> {
  const port = await freePort();
  const child = spawn(
    "dnsmasq",
    [
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--pid-file",
      "--user=",
      "--group=",
      "--log-facility=-",
      "--no-resolv",
      "--no-hosts",
      `--addn-hosts=${join(folder, "many")}`,
      "--bind-interfaces",
      "--listen-address=127.0.0.1,::1",
      `--port=${port}`,
      ...RECORDS,
    ],
    { stdio: ["ignore", "ignore", "pipe"], env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` } },
  );
  started.push(child);
  let said = "";
  child.stderr.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const deadline = Date.now() + 10_000;
  const resolver = resolverAt([`127.0.0.1:${port}`], { timeoutMs: 200 });
  for (;;) {
    try {
      await resolver.resolve("db.example");
      return { process: child, port };
    } catch (error) {
      assert.ok(child.exitCode === null && Date.now() < deadline, `dnsmasq: ${said}${String(error)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
}

function resolverAt(nameservers: readonly string[], options: DnsResolverOptions = {}): DnsResolver {
  return new DnsResolver({ nameservers, hostsPath: join(folder, "none"), ...options });
}

suite("against dnsmasq", () => {
  let first: Dnsmasq;
  let second: Dnsmasq;
  before(async () => {
    [first, second] = await Promise.all([dnsmasq(), dnsmasq()]);
  });

  for (const host of ["127.0.0.1", "[::1]"]) {
    test(`asked at ${host}: both families, one family, aliases, TTL`, async () => {
      const resolver = resolverAt([`${host}:${first.port}`]);
      const both = { addresses: ["10.0.0.5", "2001:db8::5"], ttlSeconds: 77 };
      assert.deepEqual(await resolver.resolve("db.example"), both);
      assert.deepEqual(await resolver.resolve("DB.Example."), both);
      assert.deepEqual(await resolver.resolve("alias.example"), both);
      assert.deepEqual((await resolver.resolve("four.example")).addresses, ["10.0.0.4"]);
      assert.deepEqual((await resolver.resolve("six.example")).addresses, ["2001:db8::6"]);
      assert.deepEqual(await resolver.resolve("brief.example"), { addresses: ["10.0.0.9"], ttlSeconds: 5 });
    });

    test(`asked at ${host}: 100 addresses do not fit in a datagram and come by TCP`, async () => {
      const { addresses } = await resolverAt([`${host}:${first.port}`]).resolve("many.example");
      assert.deepEqual(new Set(addresses), new Set(ADDRESSES));
    });
  }

  for (const [name, code] of Object.entries({
    "gone.example": "no-such-name",
    "text.example": "no-address",
    "elsewhere.test": "refused",
  })) {
    test(`${name}: ${code}`, async () => {
      await assert.rejects(
        resolverAt([`127.0.0.1:${first.port}`], { attempts: 1 }).resolve(name),
        (error) => error instanceof ResolveError && error.code === code,
      );
    });
  }

  test("resolv.conf's search list", async () => {
    const resolvConfPath = join(folder, "resolv.conf");
    await writeFile(resolvConfPath, `nameserver [127.0.0.1]:${first.port}\nsearch none.example example\n`);
    const found = await new DnsResolver({ resolvConfPath, hostsPath: join(folder, "none") }).resolve("db");
    assert.equal(found.addresses.length, 2);
  });

  test("a stopped and then a killed nameserver: the next one answers", async () => {
    const both = [`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`];
    first.process.kill("SIGSTOP");
    assert.equal((await resolverAt(both, { timeoutMs: 500 }).resolve("db.example")).addresses.length, 2);
    await stop(first.process);
    assert.equal((await resolverAt(both, { timeoutMs: 60_000 }).resolve("db.example")).addresses.length, 2);
  });
});

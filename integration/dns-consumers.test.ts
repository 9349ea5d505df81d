/** Programs that use DNS as operators do: HAProxy follows the head, unbound and dnsmasq forward to the zone. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decode } from "dns-packet";
import { freePort } from "../scripts/lab/free-port.ts";
import { PeerProcess } from "../scripts/lab/peer-process.ts";
import { until } from "../scripts/lab/until.ts";
import type { DnsServer } from "../src/views/dns/dns-server.ts";
import type { DnsAddress } from "../src/views/dns/thread-messages.ts";
import { askAnyUdp, askTcp, framed } from "../test/views/dns/dns-client.ts";
import { manyServers, pool } from "../test/views/dns/pools.ts";
import { serving } from "../test/views/dns/serving.ts";
import { query, text } from "../test/views/dns/zone-text.ts";
import { startHaproxy } from "./support/haproxy.ts";

const SRV = query("_nomad._tcp.headwaiter.internal. IN SRV +rd");

let folder: string;
before(async () => {
  execFileSync(fileURLToPath(new URL("../scripts/dns-peers", import.meta.url)), { stdio: "inherit" });
  folder = await mkdtemp(join(tmpdir(), "consumers-"));
});
after(() => rm(folder, { recursive: true }));

async function configured(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${lines.join("\n")}\n`);
  return path;
}

async function running(
  t: TestContext,
  command: string,
  args: readonly string[],
  isReady: () => Promise<boolean>,
) {
  const peer = new PeerProcess(command, args);
  t.after(() => peer.stop());
  return await peer.ready(isReady);
}

/** A web server that says its own name: what HAProxy balances to. */
async function backend(t: TestContext, name: string): Promise<string> {
  const server = createServer((_, response) => response.end(name)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The body of a GET, or the status when it is not 200; "none" when nobody answers. */
function fetched(port: number): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, agent: new Agent() }, (response) => {
      let body = "";
      response.on("data", (bytes: Buffer) => {
        body += bytes.toString();
      });
      response.on("end", () => {
        resolve(response.statusCode === 200 ? body : String(response.statusCode));
      });
    });
    request.on("error", () => {
      resolve("none");
    });
  });
}

/** What a forwarder answers; "no answer" while it does not listen. */
async function answered(address: DnsAddress, question = SRV, patienceMs = 5000): Promise<string> {
  return text(await askAnyUdp(address, question, patienceMs));
}

function update(dns: DnsServer, ...servers: readonly string[]): void {
  dns.update(new Map([["nomad", pool("live", servers)]]));
}

describe("real consumers", () => {
  test("HAProxy's server-template follows the head through a change, and holds through a cold start", async (t) => {
    const one = await backend(t, "one");
    const two = await backend(t, "two");
    const { dns, address } = await serving(t, { nomad: pool("live", [one, two]) });
    const port = await startHaproxy(
      t,
      "http",
      `${address.host}:${address.port}`,
      async (port) => (await fetched(port)) === "one",
    );
    update(dns, two, one);
    await until(async () => (await fetched(port)) === "two");
    update(dns, one);
    await until(async () => (await fetched(port)) === "one");
    // A cold start answers SERVFAIL: HAProxy keeps the server it has.
    dns.update(new Map([["nomad", pool("empty", [])]]));
    await until(() => (dns.counters().responses.find(({ rcode }) => rcode === "SERVFAIL")?.count ?? 0) > 2);
    assert.equal(await fetched(port), "one");
  });

  test("unbound as a stub, mixing case and minimising names", async (t) => {
    const { dns, address } = await serving(t, {
      nomad: pool("live", ["10.0.0.1:4647", "10.0.0.2:4647"]),
      many: pool("live", manyServers(300)),
      cold: pool("empty", []),
    });
    const port = await freePort();
    const unbound: DnsAddress = { host: "127.0.0.1", port };
    const config = await configured("unbound.conf", [
      "server:",
      `  directory: "${folder}"`,
      '  chroot: ""',
      '  username: ""',
      '  pidfile: ""',
      "  use-syslog: no",
      "  interface: 127.0.0.1",
      `  port: ${port}`,
      "  do-daemonize: no",
      "  do-not-query-localhost: no",
      "  use-caps-for-id: yes",
      "  qname-minimisation: yes",
      "  qname-minimisation-strict: yes",
      "  module-config: iterator",
      "  domain-insecure: headwaiter.internal",
      "  local-zone: internal. nodefault",
      // Nothing but the stub is ever asked.
      '  local-zone: "." refuse',
      "  local-zone: headwaiter.internal transparent",
      "stub-zone:",
      "  name: headwaiter.internal",
      `  stub-addr: ${address.host}@${address.port}`,
      "remote-control:",
      "  control-enable: no",
    ]);
    await running(t, "unbound", ["-p", "-c", config], async () =>
      (await answered(unbound, SRV, 200)).includes(" SRV "),
    );
    assert.match(
      await answered(unbound),
      /_nomad\._tcp\.headwaiter\.internal\. 0 IN SRV 0 1 4647 10-0-0-1\.addr\./,
    );
    // TTL 0: the change is in the very next answer.
    update(dns, "10.0.0.2:4647");
    await until(async () => (await answered(unbound)).includes("10-0-0-2.addr."));
    const address2 = await answered(unbound, query("10-0-0-2.addr.headwaiter.internal. IN A +rd"));
    assert.match(address2, /IN A 10\.0\.0\.2$/);
    assert.match(await answered(unbound, query("x.headwaiter.internal. IN A +rd")), /^;; NXDOMAIN/);
    assert.match(
      await answered(unbound, query("_tcp.headwaiter.internal. IN A +rd")),
      /^;; NOERROR [\s\S]*SOA/,
    );
    dns.update(
      new Map([
        ["nomad", pool("live", manyServers(300))],
        ["cold", pool("empty", [])],
      ]),
    );
    assert.match(await answered(unbound, query("cold.headwaiter.internal. IN A +rd")), /^;; SERVFAIL/);
    const whole = query("_nomad._tcp.all.headwaiter.internal. IN SRV +rd");
    const { replies } = await askTcp(unbound, [framed(whole)], 1, 5000);
    assert.equal(decode(replies[0] ?? Buffer.alloc(0)).answers?.length, 300);
  });

  test("dnsmasq forwarding the zone", async (t) => {
    const { dns, address } = await serving(t, { nomad: pool("live", ["10.0.0.1:4647"]) });
    const port = await freePort();
    const dnsmasq: DnsAddress = { host: "127.0.0.1", port };
    await running(
      t,
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
        "--bind-interfaces",
        "--listen-address=127.0.0.1",
        `--port=${port}`,
        `--server=/headwaiter.internal/${address.host}#${address.port}`,
      ],
      async () => (await answered(dnsmasq, SRV, 200)).includes(" SRV "),
    );
    assert.match(await answered(dnsmasq), /SRV 0 1 4647 10-0-0-1\.addr\.headwaiter\.internal\./);
    update(dns, "10.0.0.2:4647");
    await until(async () => (await answered(dnsmasq)).includes("10-0-0-2.addr."));
    assert.match(await answered(dnsmasq, query("nomad.headwaiter.internal. IN A +rd")), /IN A 10\.0\.0\.2$/);
    assert.match(await answered(dnsmasq, query("x.headwaiter.internal. IN A +rd")), /^;; NXDOMAIN/);
    update(dns, ...manyServers(300));
    const whole = query("_nomad._tcp.all.headwaiter.internal. IN SRV +rd");
    await until(async () => {
      const { replies } = await askTcp(dnsmasq, [framed(whole)], 1, 5000);
      return decode(replies[0] ?? Buffer.alloc(12)).answers?.length === 300;
    });
  });
});

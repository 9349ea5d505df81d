/**
 * The servers that are compared, each a process on a loopback port of its own. All hold the same data: three servers,
 * of which those that answer from a file of records name the first, as the agent does, and Consul all, as it does.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Contender {
  readonly name: ContenderName;
  readonly port: number;
  readonly command: string;
  readonly args: readonly string[];
  /** The question dnsperf asks. */
  readonly question: string;
}

export type ContenderName =
  | "headwaiter, one socket"
  | "headwaiter, two sockets"
  | "headwaiter, one message a call"
  | "headwaiter, main thread stalled"
  | "Consul, server"
  | "Consul, client agent"
  | "dnsmasq"
  | "unbound"
  | "NSD";

const ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
const SERVER_PORT = 4647;
const ZONE = "headwaiter.internal";
const OWNER = `_nomad._tcp.${ZONE}`;
const TARGET = `10-0-0-1.addr.${ZONE}`;
const QUESTION = `${OWNER} SRV`;

const subject = fileURLToPath(new URL("./dns-subject.ts", import.meta.url));

/**
 * In the order in which they are to be started. Ports from 20000 on: scripts/own-network gives them a loopback of their
 * own.
 */
export function contenders(folder: string): readonly Contender[] {
  const consul = consulBinary(folder);
  const server = consulContender(folder, consul, {
    name: "Consul, server",
    port: 20_300,
    role: { server: true, bootstrap_expect: 1 },
    services: ADDRESSES.map((address) => ({ name: "nomad", id: address, address, port: SERVER_PORT })),
  });
  return [
    agent("headwaiter, one socket", 20_000, "1", "auto"),
    agent("headwaiter, two sockets", 20_100, "2", "auto"),
    agent("headwaiter, one message a call", 20_150, "1", "dns2"),
    server,
    consulContender(folder, consul, {
      name: "Consul, client agent",
      port: 20_400,
      role: { server: false, retry_join: [`127.0.0.1:${serfPort(server.port)}`] },
      services: [],
    }),
    dnsmasqContender(20_500),
    unboundContender(folder, 20_600),
    nsdContender(folder, 20_700),
  ];
}

/**
 * The agent whose main thread stands still again and again, which costs the others a tenth of a core: to be run alone.
 */
export const stalledAgent = agent("headwaiter, main thread stalled", 20_200, "1", "auto", "stall");

function agent(name: ContenderName, port: number, ...args: readonly string[]): Contender {
  const command = process.execPath;
  const servers = ADDRESSES.map((address) => `${address}:${SERVER_PORT}`).join(",");
  return { name, port, command, args: [subject, String(port), servers, ...args], question: QUESTION };
}

function dnsmasqContender(port: number): Contender {
  const args = [
    ...["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file", "--user=", "--group="],
    ...["--log-facility=-", "--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1"],
    `--port=${port}`,
    `--srv-host=${OWNER},${TARGET},${SERVER_PORT},0,1`,
    `--host-record=${TARGET},${ADDRESSES[0]}`,
  ];
  return { name: "dnsmasq", port, command: "dnsmasq", args, question: QUESTION };
}

interface ConsulRole {
  readonly name: ContenderName;
  readonly port: number;
  readonly role: object;
  readonly services: readonly object[];
}

function serfPort(dnsPort: number): number {
  return dnsPort + 2;
}

/** Consul's agent as it comes, but for the log, which is off, and for the interfaces that nobody uses here. */
function consulContender(
  folder: string,
  binary: string,
  { name, port, role, services }: ConsulRole,
): Contender {
  const off = -1;
  const config = {
    ...role,
    services,
    node_name: `node-${port}`,
    data_dir: join(folder, `consul-${port}`),
    bind_addr: "127.0.0.1",
    client_addr: "127.0.0.1",
    ports: { dns: port, http: off, grpc: off, server: port + 1, serf_lan: serfPort(port), serf_wan: off },
    performance: { raft_multiplier: 1 },
    log_level: "ERR",
  };
  const path = join(folder, `consul-${port}.json`);
  writeFileSync(path, JSON.stringify(config));
  const args = ["agent", `-config-file=${path}`];
  return { name, port, command: binary, args, question: "nomad.service.consul SRV" };
}

/** The one on the PATH, else the one of the image that the integration tests use. */
export function consulBinary(folder: string): string {
  try {
    return execFileSync("sh", ["-c", "command -v consul"], { encoding: "utf8" }).trim();
  } catch {
    const image = process.env["CONSUL_IMAGE"];
    if (image === undefined) {
      throw new Error("no consul: expected it on the PATH, or this to be run by `npm run bench:dns`");
    }
    const binary = join(folder, "consul-binary");
    const container = execFileSync("docker", ["create", image], { encoding: "utf8" }).trim();
    try {
      copyConsul(container, binary);
    } finally {
      execFileSync("docker", ["rm", container], { stdio: "ignore" });
    }
    return binary;
  }
}

function copyConsul(container: string, binary: string): void {
  for (const path of ["/usr/bin/consul", "/bin/consul"]) {
    try {
      execFileSync("docker", ["cp", "--follow-link", `${container}:${path}`, binary], { stdio: "ignore" });
      return;
    } catch {}
  }
  throw new Error("the Consul image has no consul where images have it");
}

function unboundContender(folder: string, port: number): Contender {
  const path = join(folder, "unbound.conf");
  writeFileSync(
    path,
    `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1
  port: ${port}
  num-threads: 1
  do-daemonize: no
  local-zone: ${ZONE}. static
  local-data: "${OWNER}. 0 IN SRV 0 1 ${SERVER_PORT} ${TARGET}."
  local-data: "${TARGET}. 300 IN A ${ADDRESSES[0]}"
remote-control:
  control-enable: no
`,
  );
  return { name: "unbound", port, command: "unbound", args: ["-d", "-c", path], question: QUESTION };
}

function nsdContender(folder: string, port: number): Contender {
  const path = join(folder, "nsd.conf");
  writeFileSync(
    join(folder, "zone"),
    `$ORIGIN ${ZONE}.
@ 1 IN SOA ns hostmaster 1 86400 7200 3600000 1
@ 300 IN NS ns
ns 300 IN A 127.0.0.1
_nomad._tcp 0 IN SRV 0 1 ${SERVER_PORT} ${TARGET}.
${TARGET}. 300 IN A ${ADDRESSES[0]}
`,
  );
  writeFileSync(
    path,
    `server:
  server-count: 1
  rrl-ratelimit: 0
  ip-address: 127.0.0.1@${port}
  username: ""
  chroot: ""
  pidfile: ""
  database: ""
  zonesdir: "${folder}"
  zonelistfile: "${join(folder, "nsd.list")}"
  xfrdfile: "${join(folder, "nsd.xfrd")}"
  xfrdir: "${folder}"
remote-control:
  control-enable: no
zone:
  name: ${ZONE}
  zonefile: zone
`,
  );
  return { name: "NSD", port, command: "nsd", args: ["-d", "-c", path], question: QUESTION };
}

/** The servers that are compared, each a process on a loopback port with the same SRV record. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Contender {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The question dnsperf asks. */
  readonly question: string;
  /** Only measured at 5,000 queries/s: its latency is all that is asked for. */
  readonly onlyPaced?: true;
}

const ZONE = "headwaiter.internal";
const OWNER = `_nomad._tcp.${ZONE}`;
const TARGET = `10-0-0-1.addr.${ZONE}`;
const QUESTION = `${OWNER} SRV`;

const subject = fileURLToPath(new URL("./dns-subject.ts", import.meta.url));

export function contenders(folder: string, ports: readonly number[]): readonly Contender[] {
  const [one = 0, two = 0, stalled = 0, consul = 0, dnsmasq = 0, unbound = 0, nsd = 0] = ports;
  const agent = (name: string, port: number, ...args: readonly string[]): Contender => ({
    name,
    command: process.execPath,
    args: [subject, String(port), ...args],
    question: QUESTION,
  });
  return [
    agent("headwaiter, one socket", one, "1"),
    agent("headwaiter, two sockets", two, "2"),
    { ...agent("headwaiter, main thread stalled", stalled, "1", "stall"), onlyPaced: true },
    consulContender(folder, consul),
    {
      name: "dnsmasq",
      command: "dnsmasq",
      args: [
        ...["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file", "--user=", "--group="],
        ...[
          "--log-facility=-",
          "--no-resolv",
          "--no-hosts",
          "--bind-interfaces",
          "--listen-address=127.0.0.1",
        ],
        ...[
          `--port=${dnsmasq}`,
          `--srv-host=${OWNER},${TARGET},4647,0,1`,
          `--host-record=${TARGET},10.0.0.1`,
        ],
      ],
      question: QUESTION,
    },
    unboundContender(folder, unbound),
    nsdContender(folder, nsd),
  ];
}

/** The port of a contender is the n-th of those given to `contenders`. */
export const CONTENDER_COUNT = 7;

function consulContender(folder: string, port: number): Contender {
  const off = -1;
  const config = {
    data_dir: join(folder, "consul"),
    server: true,
    bootstrap_expect: 1,
    bind_addr: "127.0.0.1",
    client_addr: "127.0.0.1",
    ports: { dns: port, http: off, grpc: off, server: port + 1, serf_lan: port + 2, serf_wan: off },
    performance: { raft_multiplier: 1 },
    log_level: "ERR",
    services: [{ name: "nomad", address: "10.0.0.1", port: 4647 }],
  };
  const path = join(folder, "consul.json");
  writeFileSync(path, JSON.stringify(config));
  return {
    name: "Consul",
    command: consulBinary(folder),
    args: ["agent", `-config-file=${path}`],
    question: "nomad.service.consul SRV",
  };
}

/** The one on the PATH, else the one of the image that the integration tests use. */
function consulBinary(folder: string): string {
  try {
    return execFileSync("sh", ["-c", "command -v consul"], { encoding: "utf8" }).trim();
  } catch {
    const image = process.env["CONSUL_IMAGE"];
    if (image === undefined) {
      throw new Error("no consul: expected it on the PATH, or this to be run by scripts/with-engine");
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
  local-data: "${OWNER}. 0 IN SRV 0 1 4647 ${TARGET}."
  local-data: "${TARGET}. 300 IN A 10.0.0.1"
remote-control:
  control-enable: no
`,
  );
  return { name: "unbound", command: "unbound", args: ["-d", "-c", path], question: QUESTION };
}

function nsdContender(folder: string, port: number): Contender {
  const path = join(folder, "nsd.conf");
  writeFileSync(
    join(folder, "zone"),
    `$ORIGIN ${ZONE}.
@ 1 IN SOA ns hostmaster 1 86400 7200 3600000 1
@ 300 IN NS ns
ns 300 IN A 127.0.0.1
_nomad._tcp 0 IN SRV 0 1 4647 10-0-0-1.addr
10-0-0-1.addr 300 IN A 10.0.0.1
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
  return { name: "NSD", command: "nsd", args: ["-d", "-c", path], question: QUESTION };
}

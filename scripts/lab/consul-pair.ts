/** A Consul server, and a client agent of its cluster as it runs on each node: started anew, asked, and measured. */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askAnyUdp } from "../../test/views/dns/dns-client.ts";
import { query } from "../../test/views/dns/zone-text.ts";
import { endProcess } from "./end-process.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

const SERVICE = "nomad";
const QUESTION = query(`${SERVICE}.service.consul. IN SRV`);

export interface RunningConsul extends AsyncDisposable {
  readonly pid: number;
  /** From the start of the process to its first answer that names the service's instances, in milliseconds. */
  readonly ms: number;
  /** `host:port` of its HTTP API. */
  readonly httpAddress: string;
  readonly serfPort: number;
}

/** A server, with a service of these instances. */
export function consulServer(
  binary: string,
  folder: string,
  instances: readonly string[],
): Promise<RunningConsul> {
  const services = instances.map((instance) => {
    const [address, port] = instance.split(":");
    return { name: SERVICE, id: instance, address, port: Number(port), tags: ["rpc"] };
  });
  return startConsul(binary, folder, "server", { server: true, bootstrap_expect: 1, services });
}

/** An agent without services of its own, in the server's cluster; it knows nothing of before. */
export function consulClient(binary: string, folder: string, serfPort: number): Promise<RunningConsul> {
  return startConsul(binary, folder, "client", { server: false, retry_join: [`127.0.0.1:${serfPort}`] });
}

async function startConsul(
  binary: string,
  folder: string,
  name: string,
  role: object,
): Promise<RunningConsul> {
  const off = -1;
  const [dns, http, server, serf] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const data = join(folder, `consul-${name}`);
  rmSync(data, { recursive: true, force: true });
  const config = {
    ...role,
    node_name: name,
    data_dir: data,
    bind_addr: "127.0.0.1",
    client_addr: "127.0.0.1",
    ports: { dns, http, server, grpc: off, serf_lan: serf, serf_wan: off },
    performance: { raft_multiplier: 1 },
    log_level: "ERR",
  };
  const path = `${data}.json`;
  writeFileSync(path, JSON.stringify(config));
  const startedAt = performance.now();
  const child = spawn(binary, ["agent", `-config-file=${path}`], { stdio: ["ignore", "ignore", "inherit"] });
  try {
    await until(() => answers(dns), `an answer of Consul's ${name}`);
  } catch (error) {
    await endProcess(child, "SIGKILL");
    throw error;
  }
  return running(child, {
    ms: performance.now() - startedAt,
    httpAddress: `127.0.0.1:${http}`,
    serfPort: serf,
  });
}

function running(
  child: ChildProcess,
  facts: Omit<RunningConsul, "pid" | keyof AsyncDisposable>,
): RunningConsul {
  return { ...facts, pid: child.pid ?? 0, [Symbol.asyncDispose]: () => endProcess(child, "SIGKILL") };
}

async function answers(port: number): Promise<boolean> {
  const reply = await askAnyUdp({ host: "127.0.0.1", port }, QUESTION, 50);
  return reply !== undefined && ((reply[3] ?? 0) & 0x0f) === 0 && reply.readUInt16BE(6) > 0;
}

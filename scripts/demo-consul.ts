/** The demo's Consul: the one of CONSUL_HTTP_ADDR, `consul` on the PATH, or a container. All of it on loopback. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { GenericContainer, Wait } from "testcontainers";

const READY_TIMEOUT_MS = 60_000;

export interface DemoConsul {
  /** `http://host:port` */
  readonly address: string;
  /** Registers servers as the service `nomad` with the tag `rpc` and TCP checks. Resolves with what takes them out again. */
  register(addresses: readonly string[]): Promise<() => Promise<void>>;
  /** Ends it, unless it was there before. */
  stop(): Promise<void>;
}

export async function startDemoConsul(): Promise<DemoConsul> {
  const given = process.env["CONSUL_HTTP_ADDR"];
  if (given !== undefined && given !== "") {
    return consulAt(/^https?:/.test(given) ? given : `http://${given}`, () => Promise.resolve());
  }
  const ports = await freePorts(6);
  const [http = 0] = ports;
  const stop = await (process.env["CONSUL_IMAGE"] === undefined ? runProcess(ports) : runContainer(ports));
  const consul = consulAt(`http://127.0.0.1:${http}`, stop);
  await waitForLeader(consul.address).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return consul;
}

/** A dev agent on ports of its own, reachable from this machine only. */
function devAgent([http, dns, lan, wan, rpc, grpc]: readonly number[]): string[] {
  return [
    "agent",
    "-dev",
    "-bind=127.0.0.1",
    "-client=127.0.0.1",
    `-http-port=${http}`,
    `-dns-port=${dns}`,
    `-serf-lan-port=${lan}`,
    `-serf-wan-port=${wan}`,
    `-server-port=${rpc}`,
    `-grpc-port=${grpc}`,
  ];
}

async function runProcess(ports: readonly number[]): Promise<() => Promise<void>> {
  const child = spawn("consul", devAgent(ports), { stdio: "ignore" });
  await once(child, "spawn");
  return async () => {
    if (child.exitCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
  };
}

/** In the host's network, so that Consul's TCP checks reach the demo servers on loopback. */
async function runContainer(ports: readonly number[]): Promise<() => Promise<void>> {
  const container = await new GenericContainer(process.env["CONSUL_IMAGE"] ?? "")
    .withEntrypoint(["consul"])
    .withCommand(devAgent(ports))
    .withNetworkMode("host")
    .withLabels({ "headwaiter.run": process.env["HEADWAITER_RUN_ID"] ?? "" })
    .withWaitStrategy(Wait.forLogMessage(/Consul agent running/))
    .start();
  return async () => {
    await container.stop({ timeout: 0 });
  };
}

function consulAt(address: string, stop: () => Promise<void>): DemoConsul {
  const put = async (path: string, body?: unknown) => {
    const reply = await fetch(`${address}${path}`, {
      method: "PUT",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!reply.ok) {
      throw new Error(`Consul at ${address} answers ${reply.status} to ${path}`);
    }
  };
  const register = async (addresses: readonly string[]) => {
    const services = addresses.map((address, i) => ({ id: `headwaiter-demo-${i + 1}`, address }));
    for (const { id, address: server } of services) {
      const [host, port] = server.split(":");
      await put("/v1/agent/service/register", {
        ID: id,
        Name: "nomad",
        Tags: ["rpc"],
        Address: host,
        Port: Number(port),
        Check: { TCP: server, Interval: "1s", Status: "passing" },
      });
    }
    return async () => {
      await Promise.allSettled(services.map(({ id }) => put(`/v1/agent/service/deregister/${id}`)));
    };
  };
  return { address, register, stop };
}

async function waitForLeader(address: string): Promise<void> {
  for (const deadline = Date.now() + READY_TIMEOUT_MS; Date.now() < deadline; ) {
    try {
      const reply = await fetch(`${address}/v1/status/leader`);
      if (reply.ok && (await reply.text()).includes(":")) {
        return;
      }
    } catch {
      // Not listening yet: that is what is being waited out.
    }
    await sleep(50);
  }
  throw new Error(`Consul at ${address} has no leader after ${READY_TIMEOUT_MS / 1000} s`);
}

/** Free at this moment. All are held open together, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  return servers.map((server) => {
    const address = server.address();
    server.close();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  });
}

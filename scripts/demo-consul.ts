/** The demo's Consul: the one of CONSUL_HTTP_ADDR, `consul` on the PATH, or a container. All of it on loopback. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { GenericContainer, Wait } from "testcontainers";
import { environmentLayers } from "../src/config/environment.ts";
import { configOf } from "../src/config/layer.ts";
import { type DemoRegistry, registryAt } from "./demo-registry.ts";
import { endProcess } from "./lab/end-process.ts";
import { freePorts } from "./lab/free-port.ts";

const READY_TIMEOUT_MS = 60_000;

/** `given` by CONSUL_HTTP_ADDR, a `program` on the PATH, or a `container` of CONSUL_IMAGE: scripts/demo chooses. */
export const CONSUL_KINDS = ["given", "program", "container"] as const;
export type ConsulKind = (typeof CONSUL_KINDS)[number];

export interface DemoConsul extends DemoRegistry {
  /** Ends it, unless it was there before. */
  stop(): Promise<void>;
}

export async function startDemoConsul(kind: ConsulKind = "container"): Promise<DemoConsul> {
  if (kind === "given") {
    const { address, token, tokenFile } = configOf(environmentLayers(process.env)).consul;
    const secret = tokenFile === undefined ? token : readFileSync(tokenFile, "utf8").trim();
    return { ...registryAt(address, secret), stop: () => Promise.resolve() };
  }
  const ports = await freePorts(7);
  const [http = 0] = ports;
  const stop = await (kind === "program" ? runProgram(ports) : runContainer(ports));
  const registry = registryAt(`http://127.0.0.1:${http}`);
  await waitForLeader(registry.address).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { ...registry, stop };
}

/**
 * A dev agent on ports of its own, reachable from this machine only.
 * @param help what `consul agent -help` prints: from 1.14 on a dev agent has one port more, whose flag older ones
 * refuse
 */
function devAgent([http, dns, lan, wan, rpc, grpc, grpcTls]: readonly number[], help: string): string[] {
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
    ...(help.includes("-grpc-tls-port") ? [`-grpc-tls-port=${grpcTls}`] : []),
  ];
}

/** Whether it goes to the one stream or the other, and what it exits with, differs between versions. */
async function helpOf(file: string, flags: readonly string[]): Promise<string> {
  const shown = promisify(execFile)(file, [...flags, "agent", "-help"]);
  const { stdout = "", stderr = "" } = await shown.catch(
    (error: unknown) => error as { stdout?: string; stderr?: string },
  );
  return stdout + stderr;
}

async function runProgram(ports: readonly number[]): Promise<() => Promise<void>> {
  const child = spawn("consul", devAgent(ports, await helpOf("consul", [])), { stdio: "ignore" });
  await once(child, "spawn");
  return () => endProcess(child, "SIGKILL");
}

/** In the host's network, so that Consul's TCP checks reach the demo servers on loopback. */
async function runContainer(ports: readonly number[]): Promise<() => Promise<void>> {
  const image = process.env["CONSUL_IMAGE"] ?? "";
  const run = process.env["HEADWAITER_RUN_ID"] ?? "";
  const flags = ["run", "--rm", "--label", `headwaiter.run=${run}`, "--entrypoint", "consul", image];
  const container = await new GenericContainer(image)
    .withEntrypoint(["consul"])
    .withCommand(devAgent(ports, await helpOf("docker", flags)))
    .withNetworkMode("host")
    .withLabels({ "headwaiter.run": run })
    .withWaitStrategy(Wait.forLogMessage(/Consul agent running/))
    .start();
  return async () => {
    await container.stop({ timeout: 0 });
  };
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

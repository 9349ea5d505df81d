import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, encode } from "dns-packet";
import { statePath } from "../../src/state/state-directory.ts";
import { encodeState } from "../../src/state/state-format.ts";
import { endProcess } from "./end-process.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

/** The built program. */
export const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Extended error 3 of RFC 8914. */
const STALE_ANSWER = 3;
const EXTENDED_ERROR = 15;

interface Answer {
  /** Ports of the answer, in its order. */
  readonly ports: readonly number[];
  /** Whether the answer says that it is stale. */
  readonly isStale: boolean;
}

/** An agent that has given its first answer of a list; disposed of, it is killed with KILL. */
export interface AnsweringAgent extends Answer, AsyncDisposable {
  /** From the start of the process to that answer, in milliseconds. */
  readonly ms: number;
  readonly pid: number;
  readonly httpPort: number;
}

/**
 * Starts the built agent, or another build's `program`, with a pool `web`, and asks DNS until there is an answer. Its
 * Consul is dead unless told.
 */
export async function firstAnswer(
  directory: string,
  settings: {
    readonly consul?: { readonly address: string };
    readonly data_dir?: string;
    readonly pools: { readonly web: object };
  },
  program = PROGRAM,
): Promise<AnsweringAgent> {
  const [dns, httpPort, dead] = [await freePort(), await freePort(), await freePort()];
  const config = join(directory, "agent.json");
  writeFileSync(
    config,
    JSON.stringify({
      consul: { address: `127.0.0.1:${dead}` },
      ...settings,
      dns: { address: `127.0.0.1:${dns}` },
      http: { address: `127.0.0.1:${httpPort}` },
    }),
  );
  const socket = createSocket("udp4");
  let answer: (Answer & { readonly ms: number }) | undefined;
  const startedAt = performance.now();
  const agent = spawn(process.execPath, [program, "agent", "--config", config], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {},
    timeout: 300_000,
  });
  const end = () => endProcess(agent, "SIGKILL");
  socket
    .on("error", () => undefined)
    .on("message", (message) => {
      const found = answerOf(message);
      if (found.ports.length > 0) {
        answer ??= { ms: performance.now() - startedAt, ...found };
      }
    });
  try {
    await until(() => {
      socket.send(QUESTION, dns, "127.0.0.1");
      return answer !== undefined;
    }, "a first answer");
  } catch (error) {
    await end();
    throw error;
  } finally {
    socket.close();
  }
  const { ms, ports, isStale } = answer as unknown as Answer & { readonly ms: number };
  return { ms, ports, isStale, pid: agent.pid ?? 0, httpPort, [Symbol.asyncDispose]: end };
}

/** The same where Consul is dead and nothing is configured: all that is known is in `data` of the directory. */
export function rememberedStart(directory: string, program?: string): Promise<AnsweringAgent> {
  const settings = { data_dir: join(directory, "data"), pools: { web: { ping: "none" } } };
  return firstAnswer(directory, settings, program);
}

/** Writes what an agent of before would have saved: a list of so many servers. */
export function rememberServers(directory: string, servers: number): void {
  const data = join(directory, "data");
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const saved_at = new Date().toISOString();
  const keys = Array.from({ length: servers }, (_, nth) => `127.0.0.1:${nth + 1}`);
  const list = {
    saved_at,
    servers: keys.map((address) => ({ address, tier: "primary" as const, addresses: ["127.0.0.1"] })),
    head: keys[0] ?? null,
    leader: "",
    num_nodes: 1,
  };
  const body = { instance: "before", saved_at, last_index: 1, config_hash: "before", head_changes: [] };
  writeFileSync(statePath(data), encodeState({ ...body, pools: { web: list } }));
}

const QUESTION = encode({
  type: "query",
  id: 1,
  questions: [{ type: "SRV", name: "_web._tcp.headwaiter.internal" }],
  additionals: [
    {
      type: "OPT",
      name: ".",
      udpPayloadSize: 1232,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    },
  ],
});

function answerOf(message: Buffer): Answer {
  const { additionals = [], answers = [] } = decode(message);
  const ports = answers.flatMap((record) => (record.type === "SRV" ? [record.data] : []));
  const options: readonly { readonly code: number; readonly data?: unknown }[] = additionals.flatMap(
    (record) => (record.type === "OPT" ? record.options : []),
  );
  const error = options.find(({ code }) => code === EXTENDED_ERROR)?.data;
  return {
    ports: ports
      .toSorted((one, other) => (one.priority ?? 0) - (other.priority ?? 0))
      .map(({ port }) => port),
    isStale: Buffer.isBuffer(error) && error.readUInt16BE(0) === STALE_ANSWER,
  };
}

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, encode } from "dns-packet";
import { endProcess } from "./end-process.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Extended error 3 of RFC 8914. */
const STALE_ANSWER = 3;
const EXTENDED_ERROR = 15;

interface RememberedStart {
  /** From the start of the process to the first answer of a list, in milliseconds. */
  readonly ms: number;
  /** Ports of the answer, in its order. */
  readonly ports: readonly number[];
  /** Whether the answer says that it is stale. */
  readonly isStale: boolean;
}

/**
 * Starts the built agent with a pool `web` whose Consul is dead, asks DNS until there is an answer, and kills the agent
 * with KILL.
 */
export async function rememberedStart(directory: string): Promise<RememberedStart> {
  const [dns, http, dead] = [await freePort(), await freePort(), await freePort()];
  const config = join(directory, "agent.json");
  writeFileSync(
    config,
    JSON.stringify({
      data_dir: join(directory, "data"),
      dns: { address: `127.0.0.1:${dns}` },
      http: { address: `127.0.0.1:${http}` },
      consul: { address: `127.0.0.1:${dead}` },
      pools: { web: { ping: "none" } },
    }),
  );
  const socket = createSocket("udp4");
  let answer: RememberedStart | undefined;
  const question = encode({
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
  const startedAt = performance.now();
  const agent = spawn(process.execPath, [PROGRAM, "agent", "--config", config], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {},
    timeout: 60_000,
  });
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
      socket.send(question, dns, "127.0.0.1");
      return answer !== undefined;
    }, "an answer of the remembered list");
  } finally {
    socket.close();
    await endProcess(agent, "SIGKILL");
  }
  return answer as unknown as RememberedStart;
}

function answerOf(message: Buffer): Omit<RememberedStart, "ms"> {
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

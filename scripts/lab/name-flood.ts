/** Asks for many names, each once, in a thread of its own: whatever else its process does is not held up. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as during } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { encode } from "dns-packet";

const RCODES: Readonly<Record<number, string>> = { 0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED" };

/** Questions that wait for their answers at most. */
const MOST_OPEN = 200;
/** More than as many answers take. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;
/** Without an answer for so long the flood is over: the server does not answer the rest. */
const SILENCE_MS = 2_000;

/** What a flood was told. */
export interface FloodOutcome {
  readonly answered: number;
  readonly tookMs: number;
  /** Answers by their rcodes. */
  readonly rcodes: Readonly<Record<string, number>>;
}

interface Flood {
  /** `host:port`, over UDP. */
  readonly address: string;
  /** The names are `_nX._tcp.` and the zone. */
  readonly zone: string;
  readonly count: number;
}

/** As fast as answers come; it stops by itself. */
export async function flood(flooded: Flood): Promise<FloodOutcome> {
  const thread = new Worker(new URL(import.meta.url), { workerData: flooded });
  const [outcome] = (await once(thread, "message")) as [FloodOutcome];
  await thread.terminate();
  return outcome;
}

async function flooding({ address, count, zone }: Flood): Promise<FloodOutcome> {
  const [host = "", port] = address.split(":");
  const socket = createSocket({ type: "udp4", recvBufferSize: RECEIVE_BUFFER_BYTES });
  const rcodes: Record<string, number> = {};
  let [sent, answered, lastAt] = [0, 0, performance.now()];
  const send = () => {
    while (sent < count && sent - answered < MOST_OPEN) {
      const name = `_n${sent.toString(36)}._tcp.${zone}`;
      const message = encode({ type: "query", id: sent & 0xffff, questions: [{ type: "SRV", name }] });
      socket.send(message, Number(port), host);
      sent += 1;
    }
  };
  socket.on("message", (reply) => {
    const rcode = RCODES[(reply[3] ?? 0) & 15] ?? "other";
    rcodes[rcode] = (rcodes[rcode] ?? 0) + 1;
    answered += 1;
    lastAt = performance.now();
    send();
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const startedAt = performance.now();
  send();
  while (answered < count && performance.now() - lastAt < SILENCE_MS) {
    await during(10);
  }
  socket.close();
  return { answered, tookMs: lastAt - startedAt, rcodes };
}

if (!isMainThread && parentPort !== null) {
  parentPort.postMessage(await flooding(workerData as Flood));
}

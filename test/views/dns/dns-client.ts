/** A client that sends exactly the bytes it is given and returns exactly those it gets. */
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";

/** Only for a server that hangs: nothing here waits for silence. */
const PATIENCE_MS = 10_000;

/** The reply over UDP, or undefined when a marker query sent after it was answered and it was not. */
export async function askUdp({ host, port }: DnsAddress, query: Uint8Array): Promise<Buffer | undefined> {
  // The marker comes back after whatever the query brought: silence needs no waiting. It is waited for in any case: a
  // reply that nobody took goes to whoever is given the port next.
  const isMarker = (message: Buffer) => message.equals(MARKER_REPLY);
  const [message] = await repliesUntil(isMarker, { host, port }, [query, MARKER]);
  return message === undefined || isMarker(message) ? undefined : message;
}

/** The reply of a server that need not be this one, or undefined when none came in time. */
export async function askAnyUdp(
  address: DnsAddress,
  query: Uint8Array,
  patienceMs: number,
): Promise<Buffer | undefined> {
  const [message] = await repliesUntil(() => true, address, [query], patienceMs);
  return message;
}

/** What came up to the last reply, or in time. */
async function repliesUntil(
  isLast: (message: Buffer) => boolean,
  { host, port }: DnsAddress,
  queries: readonly Uint8Array[],
  patienceMs = PATIENCE_MS,
): Promise<readonly Buffer[]> {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  const replies: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<readonly Buffer[]>();
  const deadline = setTimeout(resolve, patienceMs, replies);
  socket.on("message", (message) => {
    replies.push(message);
    if (isLast(message)) {
      resolve(replies);
    }
  });
  for (const query of queries) {
    socket.send(query, port, host);
  }
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
    socket.close();
  }
}

// A header with the opcode STATUS and no question, and the NOTIMP it gets.
const MARKER = Buffer.from("ffff10000000000000000000", "hex");
const MARKER_REPLY = Buffer.from("ffff90040000000000000000", "hex");

/** A query with the length in front that TCP asks for. */
export function framed(query: Uint8Array): Buffer {
  const frame = Buffer.alloc(2 + query.length);
  frame.writeUInt16BE(query.length);
  frame.set(query, 2);
  return frame;
}

/** The replies over one TCP connection to these chunks, each sent on its own; ends with `count` replies or a close. */
export async function askTcp(
  { host, port }: DnsAddress,
  chunks: readonly Uint8Array[],
  count = 1,
  patienceMs = PATIENCE_MS,
): Promise<{ readonly replies: readonly Buffer[]; readonly closed: boolean }> {
  const socket = connect({ host, port, noDelay: true });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let received = Buffer.alloc(0);
  const deadline = setTimeout(resolve, patienceMs, false);
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    if (unframed(received).length >= count) {
      resolve(false);
    }
  });
  socket.on("error", () => {
    resolve(true);
  });
  socket.on("close", () => {
    resolve(true);
  });
  for (const chunk of chunks) {
    await new Promise((written) => socket.write(chunk, written));
    await new Promise((turn) => setImmediate(turn));
  }
  const closed = await promise;
  clearTimeout(deadline);
  socket.destroy();
  return { replies: unframed(received), closed };
}

/** The whole messages among these bytes of a TCP stream. */
export function unframed(received: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  let offset = 0;
  while (offset + 2 <= received.length) {
    const end = offset + 2 + received.readUInt16BE(offset);
    if (end > received.length) {
      break;
    }
    messages.push(received.subarray(offset + 2, end));
    offset = end;
  }
  return messages;
}

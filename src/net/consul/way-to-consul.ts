import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import ipaddr from "ipaddr.js";
import { messageOf } from "../../core/message-of.ts";
import type { ConsulAddress } from "./consul-address.ts";
import { ConsulError } from "./consul-error.ts";

/** How this process and the Consul agent that it talks to reach each other. */
export interface WayToConsul {
  /** The agent runs on this machine and shares its network: it reaches what listens on loopback. */
  readonly isLocal: boolean;
  /** Our own address on the way to an agent on another machine. Absent: the agent's node is this machine. */
  readonly ourAddress?: string;
}

/** Any port: a socket for datagrams that is connected has its addresses, and nothing was sent. */
const DISCARD_PORT = 9;

/**
 * Asks the system, and sends nothing to Consul. An agent behind a socket file is on this machine, but perhaps in
 * another container, with a loopback of its own.
 * @throws ConsulError `unreachable` when there is no way, or no such name; `aborted` when the signal came first.
 */
export async function wayToConsul(address: ConsulAddress, signal: AbortSignal): Promise<WayToConsul> {
  if (address.kind === "unix") {
    return { isLocal: false };
  }
  let socket: Socket | undefined;
  try {
    signal.throwIfAborted();
    const { address: theirs, family } = await unlessAborted(lookup(address.host), signal);
    socket = createSocket(family === 6 ? "udp6" : "udp4");
    socket.connect(DISCARD_PORT, theirs);
    await once(socket, "connect", { signal });
    return wayBetween(socket.address().address, theirs);
  } catch (error) {
    const reason = messageOf(error);
    const code = signal.aborted ? "aborted" : "unreachable";
    throw new ConsulError(code, `no way to Consul at ${address.host}: ${reason}`, { cause: error });
  } finally {
    socket?.close();
  }
}

/** The system's look-up can't be ended; its result is then dropped. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => {
    reject(signal.reason as Error);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The system chooses the same address for both ends exactly when they are on one machine, but for loopback's many. */
export function wayBetween(ours: string, theirs: string): WayToConsul {
  const isLocal = ours === theirs || ipaddr.process(theirs).range() === "loopback";
  return isLocal ? { isLocal } : { isLocal, ourAddress: ours };
}

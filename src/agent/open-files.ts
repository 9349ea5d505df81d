/** Shares the descriptors that the system gives this process between those who ask and what the agent needs itself. */
import { readdirSync, readFileSync } from "node:fs";
import { AgentError } from "./agent-error.ts";

/** Descriptors of this process. */
export interface OpenFiles {
  readonly limit: number;
  readonly used: number;
}

/** What will be open besides the clients' connections. */
interface Needs {
  readonly pools: number;
  readonly dnsThreads: number;
  readonly dnsAddresses: number;
  /** Questions that a thread has another server asked at a time. */
  readonly dnsForwards: number;
}

/** How many connections clients may have. */
interface ClientLimits {
  readonly http: number;
  readonly dnsTcp: number;
}

/** More clients than any machine has: 256 waiting answers of DNS are 16 MB. */
const MOST = 256;

/** Fewer are not worth a listener. */
const LEAST = 4;

/** Names that are looked up, files, a connection that is accepted while another makes room. */
const SHARED = { least: 8, good: 16 };

/** The head and Consul; then a standby and the next one that is dialled, and twice that in a bad moment. */
const PER_POOL = { least: 2, good: 8 };

/** Measured: 6 for its event loop and its messages. */
const PER_THREAD = 8;

/** The HTTP listener, and one to spare. */
const LISTENERS = 2;

/**
 * Half of what is left for the clients, and never what the pools need: a server that fails is replaced as fast while
 * clients hold all they can. With a limit of 1,024 and one pool 245 each for HTTP and DNS, with 64 the least, 4.
 * @throws AgentError when the limit is too low for the agent itself.
 */
export function clientLimits({ limit, used }: OpenFiles, needs: Needs): ClientLimits {
  const { pools, dnsThreads, dnsAddresses, dnsForwards } = needs;
  const own = used + dnsThreads * (PER_THREAD + dnsAddresses + dnsForwards) + dnsAddresses + LISTENERS;
  const least = own + SHARED.least + pools * PER_POOL.least + 2 * LEAST;
  if (limit < least) {
    const expected = `expected at least ${least} for ${pools} pool${pools === 1 ? "" : "s"}`;
    throw new AgentError(`open files: the limit of this process is ${limit} (ulimit -n): ${expected}`);
  }
  const left = limit - own;
  const forClients = Math.min(left / 2, left - SHARED.good - pools * PER_POOL.good);
  const each = Math.min(MOST, Math.max(LEAST, Math.floor(forClients / 2)));
  return { http: each, dnsTcp: each };
}

/** Of this process now. A system without `/proc` is taken to have no limit. */
export function openFiles(): OpenFiles {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    // Reading the directory takes one itself.
    return { limit: Number(limit ?? Infinity), used: readdirSync("/proc/self/fd").length - 1 };
  } catch {
    return { limit: Infinity, used: 0 };
  }
}

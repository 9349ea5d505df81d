import { setTimeout as sleep } from "node:timers/promises";
import { DnsAsker, type SrvReply } from "../lab/dns-asker.ts";

const ASKED_PER_SECOND = 1_000;

/**
 * No answer names it for this long: it is dropped. Consul names three of eight at random: of 100 answers in a row none
 * names a listed one with a chance of (5/8)^100 = 4e-21.
 */
const QUIET_MS = 100;

/** What one DNS server says of the servers of a service, identified by their ports. */
export class DnsView implements Disposable {
  readonly #asker: DnsAsker;
  /** When a port was last named: milliseconds of `performance.now()`. */
  readonly #namedAt: Map<number, number>;
  readonly #listeners: Set<(reply: SrvReply) => void>;
  readonly #last: { ports: readonly number[] };

  private constructor(asker: DnsAsker, memory: Memory) {
    this.#asker = asker;
    this.#namedAt = memory.namedAt;
    this.#listeners = memory.listeners;
    this.#last = memory.last;
  }

  static async of(address: string, name: string): Promise<DnsView> {
    const memory: Memory = { namedAt: new Map(), listeners: new Set(), last: { ports: [] } };
    const asker = await DnsAsker.start({ address, name, perSecond: ASKED_PER_SECOND }, (reply) => {
      memory.last.ports = reply.ports;
      for (const port of reply.ports) {
        memory.namedAt.set(port, reply.at);
      }
      for (const listener of memory.listeners) {
        listener(reply);
      }
    });
    return new DnsView(asker, memory);
  }

  [Symbol.dispose](): void {
    this.#asker.close();
  }

  /** The port that the last answer names first. */
  async head(): Promise<number> {
    while (this.#last.ports[0] === undefined) {
      await sleep(5);
    }
    return this.#last.ports[0];
  }

  /** Resolves when an answer names this port. */
  async names(port: number, withinMs: number): Promise<void> {
    const since = performance.now();
    while ((this.#namedAt.get(port) ?? 0) < since) {
      if (performance.now() - since > withinMs) {
        throw new Error(`port ${port} is not named within ${withinMs} ms`);
      }
      await sleep(2);
    }
  }

  /**
   * Milliseconds from now until the first answer, to a question asked after now, that names a server, and after which
   * none names one of these ports. `undefined` when there is no such answer in time.
   */
  async drops(ports: readonly number[], withinMs: number): Promise<number | undefined> {
    const since = performance.now();
    let rightAt: number | undefined;
    const listener = ({ askedAt, at, ports: named }: SrvReply) => {
      if (askedAt >= since) {
        const isRight = named.length > 0 && !named.some((port) => ports.includes(port));
        rightAt = isRight ? (rightAt ?? at) : undefined;
      }
    };
    this.#listeners.add(listener);
    const isDropped = () => rightAt !== undefined && performance.now() - rightAt > QUIET_MS;
    while (!isDropped() && performance.now() - since < withinMs) {
      await sleep(5);
    }
    this.#listeners.delete(listener);
    return isDropped() && rightAt !== undefined ? rightAt - since : undefined;
  }
}

interface Memory {
  readonly namedAt: Map<number, number>;
  readonly listeners: Set<(reply: SrvReply) => void>;
  readonly last: { ports: readonly number[] };
}

import type { Counters } from "../counters.ts";
import { type ListenFailure, listenFailure } from "../listen-error.ts";
import type { DnsAddress, ThreadSettings } from "../thread-messages.ts";
import { BatchedUdpListener } from "./batched/batched-udp-listener.ts";
import type { Batches } from "./batched/batches.ts";
import type { Responder } from "./responder.ts";
import { TCP_LIMITS } from "./tcp-limits.ts";
import { TcpListener } from "./tcp-listener.ts";
import { UdpGate } from "./udp-gate.ts";
import { UdpListener } from "./udp-listener.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** A port the system chose for TCP may be taken for UDP by somebody else: rare, so a few attempts are plenty. */
const PORT_CHOICES = 10;

type ListenSettings = Omit<ThreadSettings, "table" | "counterMemory" | "waitingPlaces" | "listener">;
type Closable = () => void;

/** The sockets of one thread. */
export class Listeners {
  readonly #settings: ListenSettings;
  readonly #responder: Responder;
  readonly #waitingRoom: WaitingRoom;
  readonly #counters: Counters;
  /** One for all addresses: a network has one share of the thread. */
  readonly #gate: UdpGate;
  readonly #batches: Batches | undefined;
  readonly #open: Closable[] = [];

  /** Without `batches` messages are received and sent one by one. */
  constructor(
    settings: ListenSettings,
    responder: Responder,
    waitingRoom: WaitingRoom,
    counters: Counters,
    batches?: Batches,
  ) {
    this.#settings = settings;
    this.#batches = batches;
    this.#responder = responder;
    this.#waitingRoom = waitingRoom;
    this.#counters = counters;
    this.#gate = new UdpGate(counters, settings.answersPerSecond);
  }

  /** Opens all or none. The addresses bound, or the first failure. */
  async open(): Promise<readonly DnsAddress[] | ListenFailure> {
    const bound: DnsAddress[] = [];
    for (const address of this.#settings.listen) {
      const outcome = await this.#openAddress(address);
      if ("systemCode" in outcome) {
        this.close();
        return outcome;
      }
      bound.push(outcome);
    }
    return bound;
  }

  /** How many answers each network gets a second over UDP from now on. */
  limit(answersPerSecond: number | undefined): void {
    this.#gate.limit(answersPerSecond);
  }

  close(): void {
    this.#closeFrom(0);
  }

  async #openAddress(address: DnsAddress): Promise<DnsAddress | ListenFailure> {
    for (let choice = 1; ; choice++) {
      const opened = this.#open.length;
      const outcome = await this.#openBoth(address);
      if (!("systemCode" in outcome)) {
        return outcome;
      }
      this.#closeFrom(opened);
      if (outcome.systemCode !== "EADDRINUSE" || address.port !== 0 || choice === PORT_CHOICES) {
        return outcome;
      }
    }
  }

  #closeFrom(first: number): void {
    for (const close of this.#open.splice(first)) {
      close();
    }
  }

  #udpListener(host: string): UdpListener {
    const parts = {
      gate: this.#gate,
      responder: this.#responder,
      waitingRoom: this.#waitingRoom,
      counters: this.#counters,
    };
    const { sharesPort } = this.#settings;
    return this.#batches === undefined
      ? new UdpListener(host, sharesPort, parts)
      : new BatchedUdpListener(host, sharesPort, parts, this.#batches);
  }

  async #openBoth({ host, port }: DnsAddress): Promise<DnsAddress | ListenFailure> {
    // TCP first: it can't be shared, so a second agent is told before it takes queries off a shared UDP port.
    let boundPort = port;
    if (this.#settings.servesTcp) {
      const { listen, tcpConnections = TCP_LIMITS.maxConnections } = this.#settings;
      const maxConnections = Math.max(1, Math.floor(tcpConnections / listen.length));
      const limits = { ...TCP_LIMITS, maxConnections };
      const tcp = new TcpListener(this.#responder, this.#waitingRoom, this.#counters, limits);
      this.#open.push(() => {
        tcp.close();
      });
      try {
        boundPort = await tcp.listen(port, host);
      } catch (error) {
        return listenFailure(host, port, "tcp", error);
      }
    }
    const udp = this.#udpListener(host);
    this.#open.push(() => {
      udp.close();
    });
    try {
      await udp.bound(boundPort, host);
    } catch (error) {
      return listenFailure(host, boundPort, "udp", error);
    }
    return { host, port: boundPort };
  }
}

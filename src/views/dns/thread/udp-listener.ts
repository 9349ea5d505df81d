import type { RemoteInfo, SocketOptions } from "node:dgram";
import { isIPv6 } from "node:net";
import { UDPServer } from "dns2";
import type { Counters } from "../counters.ts";
import { LateAnswers } from "./late-answers.ts";
import type { Responder } from "./responder.ts";
import type { UdpGate } from "./udp-gate.ts";
import { sourceOf } from "./udp-source.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/**
 * Bytes of queries the kernel keeps while the thread is busy. A small query takes some 770 of them with its
 * bookkeeping. The kernel caps this at `net.core.rmem_max` and doubles it: 10,900 queries, half a second at 20,000 a
 * second, where it is allowed; with the default of 212,992 some 550 queries, 28 ms.
 */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** What a listener over UDP hands its packets to. */
export interface UdpParts {
  readonly gate: UdpGate;
  readonly responder: Responder;
  readonly waitingRoom: WaitingRoom;
  readonly counters: Counters;
}

/** dns2's UDP server with the guard in place of its parser: no byte from the network reaches dns2. */
export class UdpListener extends UDPServer {
  readonly #gate: UdpGate;
  readonly #responder: Responder;
  readonly #late: LateAnswers;
  readonly #counters: Counters;

  constructor(host: string, sharesPort: boolean, { gate, responder, waitingRoom, counters }: UdpParts) {
    super({ type: socketOptions(host, sharesPort) as unknown as "udp4" });
    this.#gate = gate;
    this.#responder = responder;
    this.#late = new LateAnswers(responder, waitingRoom);
    this.#counters = counters;
  }

  /** Resolves when bound, rejects with the system's error (dns2's own `listen` waits for ever then). */
  async bound(port: number, host: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.once("error", reject);
    this.bind({ port, address: host, exclusive: true }, () => {
      resolve(undefined);
    });
    await promise;
    this.off("error", reject);
    this.goesOn();
  }

  /**
   * From here on the socket goes on, whatever it could not receive. It does not report an answer that can't be sent:
   * that takes a callback per answer, and a client that can't be reached is not ours to stop for.
   */
  protected goesOn(): void {
    this.on("error", () => {
      this.#counters.event("socketErrors");
    });
  }

  override handle(message: Buffer, { address, port }: RemoteInfo): void {
    const start = performance.now();
    const way = this.#gate.wayFor(message.length, sourceOf(address, port), start);
    if (way === undefined) {
      return;
    }
    try {
      const reply = this.#responder.respond(message, way);
      if (typeof reply === "string") {
        const own = this.address();
        const client = `udp ${own.address} ${own.port} ${address} ${port}`;
        this.#late.promise(message, way, reply, client, (late) => {
          this.send(late, port, address);
        });
      } else if (reply !== undefined) {
        this.send(reply, port, address);
      }
    } catch {
      this.#counters.event("failures");
    }
    this.#counters.duration((performance.now() - start) / 1000);
  }
}

/** dns2 hands `type` to `dgram.Socket` as it is, which takes all its options in that place. */
function socketOptions(host: string, reusePort: boolean): SocketOptions {
  const family = isIPv6(host) ? 6 : 4;
  return {
    type: `udp${family}`,
    ipv6Only: family === 6,
    reusePort,
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    // Addresses only, so nothing is looked up; the default one takes a turn of the event loop per answer all the same.
    lookup: (address, _options, callback) => {
      callback(null, address, family);
    },
  };
}

import type { RemoteInfo, SocketOptions } from "node:dgram";
import { isIPv6 } from "node:net";
import { UDPServer } from "dns2";
import type { Counters } from "../counters.ts";
import { FORWARDS, type Responder, type Wait, type Way } from "./responder.ts";
import type { UdpGate } from "./udp-gate.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/**
 * Bytes of queries the kernel keeps while the thread is busy. A small query takes some 770 of them with its
 * bookkeeping. The kernel caps this at `net.core.rmem_max` and doubles it: 10,900 queries, half a second at 20,000 a
 * second, where it is allowed; with the default of 212,992 some 550 queries, 28 ms.
 */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** dns2's UDP server with the guard in place of its parser: no byte from the network reaches dns2. */
export class UdpListener extends UDPServer {
  readonly #gate: UdpGate;
  readonly #responder: Responder;
  readonly #waitingRoom: WaitingRoom;
  readonly #counters: Counters;

  constructor(
    host: string,
    reusePort: boolean,
    gate: UdpGate,
    responder: Responder,
    waitingRoom: WaitingRoom,
    counters: Counters,
  ) {
    super({ type: socketOptions(host, reusePort) as unknown as "udp4" });
    this.#gate = gate;
    this.#responder = responder;
    this.#waitingRoom = waitingRoom;
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
    // From here on the socket goes on, whatever it could not receive. It does not report an answer that can't be sent:
    // that takes a callback per answer, and a client that can't be reached is not ours to stop for.
    this.on("error", () => {
      this.#counters.event("socketErrors");
    });
  }

  override handle(message: Buffer, client: RemoteInfo): void {
    const start = performance.now();
    const way = this.#gate.wayFor(message.length, client, start);
    if (way === undefined) {
      return;
    }
    try {
      const reply = this.#responder.respond(message, way);
      if (reply === FORWARDS) {
        this.#forward(message, client, way);
      } else if (typeof reply === "string") {
        this.#letWait(message, client, way, reply);
      } else if (reply !== undefined) {
        this.send(reply, client.port, client.address);
      }
    } catch {
      this.#counters.event("failures");
    }
    this.#counters.duration((performance.now() - start) / 1000);
  }

  #letWait(message: Buffer, { address, port }: RemoteInfo, way: Way, wait: Wait): void {
    const answer = (question: Uint8Array): void => {
      const reply = this.#responder.respondLate(question, way);
      if (reply === FORWARDS) {
        this.#forward(question, { address, port }, way);
      } else {
        this.send(reply, port, address);
      }
    };
    const own = this.address();
    const client = `udp ${own.address} ${own.port} ${address} ${port}`;
    if (this.#waitingRoom.admit(client, message, wait, answer) === "full") {
      answer(message);
    }
  }

  #forward(message: Uint8Array, { address, port }: Pick<RemoteInfo, "address" | "port">, way: Way): void {
    this.#responder.forward(message, way, 0, (reply) => {
      this.send(reply, port, address);
    });
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

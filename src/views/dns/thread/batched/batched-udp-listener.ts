import type { RemoteInfo } from "node:dgram";
import type { Counters } from "../../counters.ts";
import { LateAnswers } from "../late-answers.ts";
import type { Responder } from "../responder.ts";
import type { UdpGate } from "../udp-gate.ts";
import { UdpListener, type UdpParts } from "../udp-listener.ts";
import type { Batches } from "./batches.ts";
import { boundSocket, keepAddress } from "./bound-socket.ts";
import type { KernelAddress } from "./kernel-address.ts";

const CLOSED = -1;

/** The global is looked up at each use, which shows in the time of a query. */
const { performance } = globalThis;

/**
 * Full batches in a row after which connections and timers have their turn: 512 messages, some 2 ms. More are taken one
 * by one until then, of which the runtime takes 32.
 */
const MOST_FULL_BATCHES = 8;

/**
 * The same server, which takes all that has arrived with one call and sends the answers with another. The runtime says
 * when something has come, and hands over the first message: nothing is called while nobody asks.
 */
export class BatchedUdpListener extends UdpListener {
  readonly #batches: Batches;
  readonly #gate: UdpGate;
  readonly #responder: Responder;
  readonly #late: LateAnswers;
  readonly #counters: Counters;
  readonly #sharesPort: boolean;
  readonly #scopeOf: (name: string) => number;
  #fd = CLOSED;
  #fullBatches = 0;

  constructor(host: string, sharesPort: boolean, parts: UdpParts, batches: Batches) {
    super(host, sharesPort, parts);
    this.#batches = batches;
    this.#gate = parts.gate;
    this.#responder = parts.responder;
    this.#late = new LateAnswers(parts.responder, parts.waitingRoom);
    this.#counters = parts.counters;
    this.#sharesPort = sharesPort;
    this.#scopeOf = (name) => batches.calls.if_nametoindex(name);
  }

  override bound(port: number, host: string): Promise<void> {
    return Promise.try(() => {
      const { calls } = this.#batches;
      const fd = boundSocket(calls, host, port, this.#sharesPort);
      try {
        this.bind({ fd, exclusive: true });
      } catch (error) {
        calls.close(fd);
        throw error;
      }
      this.#fd = fd;
      keepAddress(calls, fd);
      this.goesOn();
    });
  }

  override close(callback?: () => void): this {
    // The number may be another file's from now on.
    this.#fd = CLOSED;
    return super.close(callback);
  }

  override handle(message: Buffer, { address, port }: RemoteInfo): void {
    const { catchUp, many } = this.#batches;
    catchUp();
    const fd = this.#fd;
    if (fd === CLOSED) {
      return;
    }
    const first = many.slot(0);
    first.source.set(address, port, this.#scopeOf);
    this.#answer(0, message, first.source, performance.now());
    if (this.#fullBatches < MOST_FULL_BATCHES) {
      this.#answerOthers(fd);
    }
    many.send(fd);
  }

  #answerOthers(fd: number): void {
    const { many } = this.#batches;
    const received = many.receive(fd, 1);
    if (received < 0) {
      this.#counters.event("socketErrors");
    }
    for (let i = 1, start = performance.now(); i <= received; i++) {
      const { message, source } = many.slot(i);
      start = this.#answer(i, message, source, start);
    }
    if (received === many.size - 1) {
      this.#hasBeenFull();
    }
  }

  #hasBeenFull(): void {
    if (this.#fullBatches === 0) {
      setImmediate(() => {
        this.#fullBatches = 0;
      });
    }
    this.#fullBatches++;
  }

  /** When it was done, and the next one begins: a look at the clock costs more than a gap between two. */
  #answer(slot: number, message: Buffer, source: KernelAddress, start: number): number {
    const way = this.#gate.wayFor(message.length, source, start);
    if (way === undefined) {
      return start;
    }
    const { many } = this.#batches;
    try {
      const reply = this.#responder.respondInto(many.place, message, way);
      if (typeof reply === "string") {
        const to = source.copy();
        this.#late.promise(message, way, reply, `udp ${this.#fd} ${to.key()}`, (late) => {
          this.#sendAlone(late, to);
        });
      } else if (reply > 0) {
        many.reply(slot, reply);
      }
    } catch {
      this.#counters.event("failures");
    }
    const end = performance.now();
    this.#counters.duration((end - start) / 1000);
    return end;
  }

  #sendAlone(reply: Buffer, to: KernelAddress): void {
    const { one } = this.#batches;
    one.slot(0).source.copyFrom(to);
    one.place.set(reply);
    one.reply(0, reply.length);
    one.send(this.#fd);
  }
}

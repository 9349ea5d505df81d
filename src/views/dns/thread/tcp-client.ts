import type { Socket } from "node:net";
import type { Counters } from "../counters.ts";
import { FORWARDS, MAX_UDP_PAYLOAD, type Responder, type Wait } from "./responder.ts";
import type { WaitingRoom } from "./waiting-room.ts";

const PREFIX_LENGTH = 2;

interface ConnectionEvents {
  answered(): void;
  closed(): void;
}

/** A client's connection over TCP: answers its questions, no faster than it reads. */
export class ClientConnection {
  readonly openedAt: number;
  lastQueryAt: number;
  readonly #socket: Socket;
  readonly #responder: Responder;
  readonly #waitingRoom: WaitingRoom;
  /** What tells its questions in the waiting room from others. */
  readonly #client: string;
  readonly #counters: Counters;
  readonly #events: ConnectionEvents;
  #received: Buffer = Buffer.alloc(0);
  /** The client has sent all it will; it may still be reading. */
  #hasEnded = false;
  #waiting = 0;
  /** Gives answers to questions that have waited, and they too no faster than the client reads. */
  #due: (() => void)[] = [];

  constructor(
    socket: Socket,
    responder: Responder,
    waitingRoom: WaitingRoom,
    counters: Counters,
    now: number,
    events: ConnectionEvents,
  ) {
    this.openedAt = now;
    this.lastQueryAt = now;
    this.#socket = socket;
    this.#responder = responder;
    this.#waitingRoom = waitingRoom;
    this.#client = `tcp ${socket.localAddress} ${socket.localPort} ${socket.remoteAddress} ${socket.remotePort}`;
    this.#counters = counters;
    this.#events = events;
    socket.on("data", (bytes) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#answerReceived();
    });
    socket.on("drain", () => {
      socket.resume();
      this.#answerReceived();
    });
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#answerReceived();
    });
    // A reset is the client's way to leave.
    socket.on("error", () => {
      this.close();
    });
    socket.on("close", () => {
      if (this.#waiting > 0) {
        this.#waitingRoom.forget(this.#client);
      }
      this.#events.closed();
    });
  }

  close(): void {
    // Not only at "close", which comes a turn later: until then it would take the place of another.
    this.#events.closed();
    this.#socket.destroy();
  }

  /** Answers what is complete, but no faster than the client reads: what it does not take is not prepared. */
  #answerReceived(): void {
    while (this.#due.length > 0 && !this.#socket.destroyed && !this.#socket.writableNeedDrain) {
      (this.#due.shift() as () => void)();
    }
    let offset = 0;
    while (!this.#socket.destroyed && this.#received.length - offset >= PREFIX_LENGTH) {
      if (this.#socket.writableNeedDrain) {
        this.#socket.pause();
        this.#received = this.#received.subarray(offset);
        return;
      }
      const length = this.#received.readUInt16BE(offset);
      // Nobody needs more than over UDP to ask; an empty message is a mistake.
      if (length === 0 || length > MAX_UDP_PAYLOAD) {
        this.#counters.event("dropped");
        this.close();
        return;
      }
      const end = offset + PREFIX_LENGTH + length;
      if (end > this.#received.length) {
        break;
      }
      this.#answer(this.#received.subarray(offset + PREFIX_LENGTH, end));
      offset = end;
    }
    this.#received = this.#received.subarray(offset);
    if (this.#hasEnded && this.#waiting === 0 && this.#due.length === 0) {
      this.#socket.end();
    }
  }

  #answer(message: Uint8Array): void {
    const start = performance.now();
    try {
      const reply = this.#responder.respond(message, "tcp", PREFIX_LENGTH);
      if (reply !== undefined) {
        this.lastQueryAt = start;
        this.#events.answered();
        if (reply === FORWARDS) {
          this.#forward(message);
        } else if (typeof reply === "string") {
          this.#letWait(message, reply);
        } else {
          this.#send(reply);
        }
      }
    } catch {
      this.#counters.event("failures");
    }
    this.#counters.duration((performance.now() - start) / 1000);
  }

  #letWait(message: Uint8Array, wait: Wait): void {
    const admission = this.#waitingRoom.admit(this.#client, message, wait, (question) => {
      this.#noLongerWaits(() => {
        this.#answerLate(question);
      });
    });
    if (admission === "waits") {
      this.#waiting++;
    } else if (admission === "full") {
      this.#answerLate(message);
    }
  }

  #forward(message: Uint8Array): void {
    this.#waiting++;
    this.#responder.forward(message, "tcp", PREFIX_LENGTH, (reply) => {
      this.#noLongerWaits(() => {
        this.#send(reply);
      });
    });
  }

  #answerLate(question: Uint8Array): void {
    const reply = this.#responder.respondLate(question, "tcp", PREFIX_LENGTH);
    if (reply === FORWARDS) {
      this.#forward(question);
    } else {
      this.#send(reply);
    }
  }

  #noLongerWaits(answer: () => void): void {
    this.#waiting--;
    this.#due.push(answer);
    this.#answerReceived();
  }

  #send(reply: Buffer): void {
    reply.writeUInt16BE(reply.length - PREFIX_LENGTH, 0);
    this.#socket.write(reply);
  }
}

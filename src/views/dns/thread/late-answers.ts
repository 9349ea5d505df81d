import { FORWARDS, type Responder, type Wait, type Way } from "./responder.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** Answers over UDP that are given later than in the turn of the question. */
export class LateAnswers {
  readonly #responder: Responder;
  readonly #waitingRoom: WaitingRoom;

  constructor(responder: Responder, waitingRoom: WaitingRoom) {
    this.#responder = responder;
    this.#waitingRoom = waitingRoom;
  }

  /**
   * Of a question that `Responder.respond` gave no reply to, but `why`. `client` is as in `WaitingRoom.admit`. `send`
   * is called at most once, and may be at once.
   */
  promise(
    question: Uint8Array,
    way: Way,
    why: Wait | typeof FORWARDS,
    client: string,
    send: (reply: Buffer) => void,
  ): void {
    if (why === FORWARDS) {
      this.#responder.forward(question, way, 0, send);
      return;
    }
    const answer = (waited: Uint8Array): void => {
      const reply = this.#responder.respondLate(waited, way);
      if (reply === FORWARDS) {
        this.#responder.forward(waited, way, 0, send);
      } else {
        send(reply);
      }
    };
    if (this.#waitingRoom.admit(client, question, why, answer) === "full") {
      answer(question);
    }
  }
}

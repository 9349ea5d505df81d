import type { Counters } from "../counters.ts";
import { HEADER_LENGTH, nameEnd } from "./query.ts";
import type { Responder } from "./responder.ts";

export interface WaitingRoomLimits {
  /** Questions that wait at the same time; the next one is answered at once. */
  readonly places: number;
  readonly patienceMs: number;
}

/**
 * A waiting question takes at most 1,232 bytes and some 300 for its place: 1,024 of them are 1.6 MB. A node has some
 * hundred processes that ask at its start; more than a thousand are a flood.
 */
export const WAITING_PLACES = 1024;

/**
 * The most impatient clients give a server one second (`options timeout:1` in resolv.conf, HAProxy's `timeout retry`):
 * with 900 ms the answer is there before they ask elsewhere, and a first list of servers, which Consul gives within
 * milliseconds, is waited for all the same.
 */
const PATIENCE_MS = 900;

/** `known`: the same question of the same client waits already, and its answer is this one's, too. */
export type Admission = "waits" | "known" | "full";

interface Guest {
  readonly client: string;
  readonly question: Uint8Array;
  readonly leavesAt: number;
  readonly answer: (question: Uint8Array) => void;
}

function idAndQuestion(message: Uint8Array): string {
  const end = nameEnd(message, HEADER_LENGTH) + 4;
  return Buffer.from([...message.subarray(0, 2), ...message.subarray(HEADER_LENGTH, end)]).toString("latin1");
}

/**
 * Questions about pools that are starting, until there is a better answer than SERVFAIL or their patience is over. That
 * answer would stay in the caches of forwarders for up to a minute. All have the same patience: who came first leaves
 * first.
 */
export class WaitingRoom {
  readonly #responder: Pick<Responder, "stillWaits">;
  readonly #counters: Counters;
  readonly #limits: WaitingRoomLimits;
  readonly #guests = new Map<string, Guest>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    responder: Pick<Responder, "stillWaits">,
    counters: Counters,
    { places = WAITING_PLACES, patienceMs = PATIENCE_MS }: Partial<WaitingRoomLimits> = {},
  ) {
    this.#responder = responder;
    this.#counters = counters;
    this.#limits = { places, patienceMs };
  }

  /**
   * Takes in a well-formed question. `client` tells apart who may ask with the same ID. `answer` is called once, with a
   * copy of the question, unless the client is forgotten before.
   */
  admit(client: string, question: Uint8Array, answer: (question: Uint8Array) => void): Admission {
    const key = `${client} ${idAndQuestion(question)}`;
    if (this.#guests.has(key)) {
      this.#counters.event("dropped");
      return "known";
    }
    if (this.#guests.size >= this.#limits.places) {
      this.#counters.event("turnedAway");
      return "full";
    }
    this.#counters.event("waited");
    const leavesAt = performance.now() + this.#limits.patienceMs;
    this.#guests.set(key, { client, question: new Uint8Array(question), leavesAt, answer });
    this.#timer ??= setTimeout(() => {
      this.#timeIsUp();
    }, this.#limits.patienceMs);
    return "waits";
  }

  /** After a change of the answers: who has a better one now, leaves. */
  review(): void {
    this.#release(({ question }) => !this.#responder.stillWaits(question));
  }

  /** The client is gone: nothing of it is answered any more. */
  forget(client: string): void {
    for (const [key, guest] of this.#guests) {
      if (guest.client === client) {
        this.#guests.delete(key);
      }
    }
  }

  /** All are answered, with what there is. */
  close(): void {
    this.#release(() => true);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #timeIsUp(): void {
    this.#timer = undefined;
    const now = performance.now();
    // A timer may fire a fraction of a millisecond early.
    this.#release(({ leavesAt }) => leavesAt <= now + 1);
    const next = this.#guests.values().next().value;
    if (next !== undefined) {
      this.#timer ??= setTimeout(() => {
        this.#timeIsUp();
      }, next.leavesAt - now);
    }
  }

  #release(leaves: (guest: Guest) => boolean): void {
    for (const [key, guest] of this.#guests) {
      if (leaves(guest)) {
        this.#guests.delete(key);
        guest.answer(guest.question);
      }
    }
  }
}

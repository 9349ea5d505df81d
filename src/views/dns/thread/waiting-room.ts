import type { Counters } from "../counters.ts";
import { HEADER_LENGTH, nameEnd } from "./query.ts";
import { type Responder, WAITS_BRIEFLY, type Wait } from "./responder.ts";

export interface WaitingRoomLimits {
  /** Questions that wait at the same time; the next one is answered at once. */
  readonly places: number;
  /** Of questions about a pool that is there and has no server yet. */
  readonly patienceMs: number;
  /** Of questions about a pool that Consul is asked for. */
  readonly briefPatienceMs: number;
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

/** Consul answers in a few milliseconds; who asks for a name that may not exist is not kept waiting for long. */
const BRIEF_PATIENCE_MS = 250;

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
 * answer would stay in the caches of forwarders for up to a minute.
 */
export class WaitingRoom {
  readonly #responder: Pick<Responder, "stillWaits">;
  readonly #counters: Counters;
  readonly #limits: WaitingRoomLimits;
  readonly #guests = new Map<string, Guest>();
  /** For who leaves first. */
  #timer: { readonly at: number; readonly id: NodeJS.Timeout } | undefined;

  constructor(
    responder: Pick<Responder, "stillWaits">,
    counters: Counters,
    {
      places = WAITING_PLACES,
      patienceMs = PATIENCE_MS,
      briefPatienceMs = BRIEF_PATIENCE_MS,
    }: Partial<WaitingRoomLimits> = {},
  ) {
    this.#responder = responder;
    this.#counters = counters;
    this.#limits = { places, patienceMs, briefPatienceMs };
  }

  /**
   * Takes in a well-formed question. `client` tells apart who may ask with the same ID. `answer` is called once, with a
   * copy of the question, unless the client is forgotten before.
   */
  admit(client: string, question: Uint8Array, wait: Wait, answer: (question: Uint8Array) => void): Admission {
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
    const { briefPatienceMs, patienceMs } = this.#limits;
    const leavesAt = performance.now() + (wait === WAITS_BRIEFLY ? briefPatienceMs : patienceMs);
    this.#guests.set(key, { client, question: new Uint8Array(question), leavesAt, answer });
    this.#wakeAt(leavesAt);
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
    clearTimeout(this.#timer?.id);
    this.#timer = undefined;
  }

  #wakeAt(at: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) {
      return;
    }
    clearTimeout(this.#timer?.id);
    const id = setTimeout(() => {
      this.#timeIsUp();
    }, at - performance.now());
    this.#timer = { at, id };
  }

  #timeIsUp(): void {
    this.#timer = undefined;
    const now = performance.now();
    // A timer may fire a fraction of a millisecond early.
    this.#release(({ leavesAt }) => leavesAt <= now + 1);
    const next = Math.min(...this.#guests.values().map(({ leavesAt }) => leavesAt));
    if (next < Infinity) {
      this.#wakeAt(next);
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

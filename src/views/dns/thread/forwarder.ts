import { randomInt } from "node:crypto";
import { FRESH_PACE, type PaceRule, take } from "../../../core/time/pace.ts";
import type { Nameserver } from "../../../net/names/nameserver.ts";
import type { SentQuery } from "../../../net/names/query.ts";
import { askForWhole } from "../../../net/names/whole-answer.ts";
import type { Counters, DnsEvent } from "../counters.ts";
import type { EncodedReply } from "../table/answer-table.ts";
import { TYPE } from "../zone/record.ts";
import { forwardedReply } from "./forwarded-reply.ts";
import { HEADER_LENGTH } from "./query.ts";

/**
 * Questions that one thread has another server asked at a time, each on a socket of its own. Consul answers in a
 * millisecond, so 32 are some thousands a second; while it hangs they are 16 a second, and the next are refused.
 */
export const MAX_FORWARDS = 32;

/** Programs wait five seconds, the most impatient one second before they ask again, and then join who waits. */
const TIMEOUT_MS = 2_000;

/** Who waits for an answer takes at most 1,232 bytes and some 300 for its place: 1.6 MB. */
const MAX_WAITING = 1_024;

/** A forward takes some 0.5 ms of the thread that answers, a socket of its own and all: 500 a second are a quarter. */
const RATE: PaceRule = { minIntervalMs: 2, burst: 100 };

/** Bytes of an answer over UDP, as we take it (DNS flag day 2020). */
const PAYLOAD_SIZE = 1_232;
const RECURSION_DESIRED = 0x01;

/** `none`: there were too many. */
export type Forwarded = EncodedReply | "failed" | "none";

interface ForwardedQuestion {
  readonly to: Nameserver;
  /** A well-formed message, and where its question ends. */
  readonly message: Uint8Array;
  readonly questionEnd: number;
  readonly transport: "udp" | "tcp";
}

type Waiting = (answer: Forwarded) => void;

/**
 * Asks another DNS server what is not ours to answer. The same question is asked once for all who wait for its answer,
 * so a question that comes back to us in a loop waits for itself until it is given up, and goes round no more.
 */
export class Forwarder {
  readonly #counters: Counters;
  readonly #ask: typeof askForWhole;
  readonly #underWay = new Map<string, Waiting[]>();
  readonly #end = new AbortController();
  #waiting = 0;
  #pace = FRESH_PACE;

  /** @param ask is `askForWhole`, but in tests. */
  constructor(counters: Counters, ask = askForWhole) {
    this.#counters = counters;
    this.#ask = ask;
  }

  /** Calls `waiting` once with the answer, not before this returns, and never after `close`. */
  forward(question: ForwardedQuestion, waiting: Waiting): void {
    const key = keyOf(question);
    const same = this.#underWay.get(key);
    if (this.#waiting >= MAX_WAITING || (same === undefined && !this.#mayAsk())) {
      queueMicrotask(() => {
        this.#tell([waiting], "none");
      });
      return;
    }
    this.#waiting++;
    if (same !== undefined) {
      same.push(waiting);
      return;
    }
    const all = [waiting];
    this.#underWay.set(key, all);
    void this.#answerOf(question).then((answer) => {
      this.#underWay.delete(key);
      this.#waiting -= all.length;
      this.#tell(all, answer);
    });
  }

  /** Nobody is answered any more. */
  close(): void {
    this.#end.abort();
  }

  #mayAsk(): boolean {
    if (this.#underWay.size >= MAX_FORWARDS) {
      return false;
    }
    const { pace, waitMs } = take(this.#pace, performance.now(), RATE);
    this.#pace = pace;
    return waitMs === 0;
  }

  /** Never rejects. */
  async #answerOf({ message, questionEnd, to, transport }: ForwardedQuestion): Promise<Forwarded> {
    const limits = { timeoutMs: TIMEOUT_MS, signal: this.#end.signal };
    try {
      const answer = await this.#ask(to, queryOf(message, questionEnd), transport, limits);
      return forwardedReply(answer, questionEnd) ?? "failed";
    } catch {
      return "failed";
    }
  }

  #tell(all: readonly Waiting[], answer: Forwarded): void {
    if (this.#end.signal.aborted) {
      return;
    }
    for (const waiting of all) {
      this.#counters.event(eventOf(answer));
      try {
        waiting(answer);
      } catch {
        this.#counters.event("failures");
      }
    }
  }
}

function eventOf(answer: Forwarded): DnsEvent {
  switch (answer) {
    case "none":
      return "forwardsRefused";
    case "failed":
      return "forwardsFailed";
    default:
      return "forwarded";
  }
}

/** The same for questions with the same answer, whoever asks, in whatever case. */
function keyOf({ message, questionEnd, to, transport }: ForwardedQuestion): string {
  const nameAndType = Buffer.from(message.subarray(HEADER_LENGTH, questionEnd)).toString("latin1");
  const flags = (message[2] ?? 0) & RECURSION_DESIRED;
  return `${to.address} ${to.port} ${transport} ${flags} ${lowerCaseName(nameAndType)}`;
}

/** Type and class are no letters: 65 and 97 are two types. */
function lowerCaseName(nameAndType: string): string {
  return nameAndType.slice(0, -4).toLowerCase() + nameAndType.slice(-4);
}

/** The question with an ID of its own, and with an OPT, so that an answer need not fit in 512 bytes. */
function queryOf(message: Uint8Array, questionEnd: number): SentQuery {
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(randomInt(0x1_0000), 0);
  header[2] = (message[2] ?? 0) & RECURSION_DESIRED;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 10);
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(TYPE.OPT, 1);
  opt.writeUInt16BE(PAYLOAD_SIZE, 3);
  return { bytes: Buffer.concat([header, message.subarray(HEADER_LENGTH, questionEnd), opt]), questionEnd };
}

/** Numbers the answering threads count up and the main thread reads, without a message between them. */
import { RCODE, TYPE } from "./zone/record.ts";

export type Transport = "udp" | "tcp";

const TRANSPORTS = ["udp", "tcp"] as const;
const TYPES = ["A", "AAAA", "SRV", "TXT", "SOA", "NS", "ANY"] as const;
const OTHER_TYPE = TYPES.length;
const TYPE_SLOTS = TYPES.length + 1;
const RCODES = Object.keys(RCODE) as readonly (keyof typeof RCODE)[];
const EVENTS = [
  "dropped",
  "fromServicePort",
  "limited",
  "slipped",
  "waited",
  "turnedAway",
  "truncated",
  "stale",
  "socketErrors",
  "failures",
  "tcpConnections",
  "tcpEvicted",
  "tcpExpired",
  "forwarded",
  "forwardsFailed",
  "forwardsRefused",
] as const;
/**
 * `dropped`: messages that get no answer; of them `fromServicePort` for their source port, `limited` because their
 * network asks too much; `slipped`: for the same reason truncated. `waited`: questions that waited for a pool's first
 * server; `turnedAway`: ones that would have, but too many did. `truncated`: answers with TC; `stale`: from remembered
 * lists. `socketErrors`: what a listening socket could not receive or accept; an answer that the kernel refuses is not
 * among them, for the runtime tells nobody. `failures`: exceptions while answering, a defect. `tcpConnections`:
 * accepted; `tcpEvicted`: closed to make room; `tcpExpired`: closed at a deadline. `forwarded`: questions that another
 * server answered for us; `forwardsFailed`: ones that it did not; `forwardsRefused`: ones too many.
 */
export type DnsEvent = (typeof EVENTS)[number];

/** Upper bounds of the histogram in seconds. A prepared answer takes about 10 µs, hence the fine start. */
const DURATION_BOUNDS_SECONDS = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01,
] as const;

const REQUESTS = 0;
const RESPONSES = REQUESTS + TRANSPORTS.length * TYPE_SLOTS;
const EVENT_BASE = RESPONSES + RCODES.length;
const BUCKETS = EVENT_BASE + EVENTS.length;
const DURATION_SUM = BUCKETS + DURATION_BOUNDS_SECONDS.length + 1;
const SLOTS = DURATION_SUM + 1;

const typeSlots = new Uint8Array(256).fill(OTHER_TYPE);
TYPES.forEach((type, slot) => {
  typeSlots[TYPE[type]] = slot;
});
const rcodeSlots = new Uint8Array(32);
RCODES.forEach((rcode, slot) => {
  rcodeSlots[RCODE[rcode]] = slot;
});

/**
 * A sum over all threads since the start. Every answer has one request and one response, FORMERR and NOTIMP too; the
 * type of a question that can't be read is `other`.
 */
export interface CounterValues {
  readonly requests: readonly {
    readonly transport: Transport;
    readonly type: string;
    readonly count: number;
  }[];
  readonly responses: readonly { readonly rcode: string; readonly count: number }[];
  readonly events: Readonly<Record<DnsEvent, number>>;
  readonly duration: {
    readonly boundsSeconds: readonly number[];
    /** How many took up to each bound, not cumulative; one more entry than bounds, for the rest. */
    readonly buckets: readonly number[];
    readonly sumSeconds: number;
    readonly count: number;
  };
}

/** One thread's numbers. 64-bit floats: whole up to 2^53, 2,800 years at 100,000 queries/s, and never torn. */
export class Counters {
  readonly memory: SharedArrayBuffer;
  readonly #slots: Float64Array;

  constructor(memory = new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#slots = new Float64Array(memory);
  }

  request(transport: Transport, type: number): void {
    const slot = type < typeSlots.length ? (typeSlots[type] ?? OTHER_TYPE) : OTHER_TYPE;
    this.#add(REQUESTS + (transport === "udp" ? 0 : TYPE_SLOTS) + slot, 1);
  }

  response(rcode: number): void {
    this.#add(RESPONSES + (rcodeSlots[rcode] ?? 0), 1);
  }

  event(event: DnsEvent): void {
    this.#add(EVENT_BASE + EVENTS.indexOf(event), 1);
  }

  duration(seconds: number): void {
    let bucket = 0;
    while (bucket < DURATION_BOUNDS_SECONDS.length && seconds > (DURATION_BOUNDS_SECONDS[bucket] ?? 0)) {
      bucket++;
    }
    this.#add(BUCKETS + bucket, 1);
    this.#add(DURATION_SUM, seconds);
  }

  static sum(threads: readonly Counters[]): CounterValues {
    const at = (slot: number): number => threads.reduce((sum, { slots }) => sum + (slots[slot] ?? 0), 0);
    const buckets = Array.from({ length: DURATION_BOUNDS_SECONDS.length + 1 }, (_, i) => at(BUCKETS + i));
    return {
      requests: TRANSPORTS.flatMap((transport, t) =>
        [...TYPES, "other"].map((type, i) => ({ transport, type, count: at(REQUESTS + t * TYPE_SLOTS + i) })),
      ),
      responses: RCODES.map((rcode, i) => ({ rcode, count: at(RESPONSES + i) })),
      events: Object.fromEntries(EVENTS.map((event, i) => [event, at(EVENT_BASE + i)])) as Record<
        DnsEvent,
        number
      >,
      duration: {
        boundsSeconds: DURATION_BOUNDS_SECONDS,
        buckets,
        sumSeconds: at(DURATION_SUM),
        count: buckets.reduce((sum, count) => sum + count, 0),
      },
    };
  }

  private get slots(): Float64Array {
    return this.#slots;
  }

  #add(slot: number, amount: number): void {
    this.#slots[slot] = (this.#slots[slot] ?? 0) + amount;
  }
}

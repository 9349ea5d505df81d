import type { Counters } from "../counters.ts";
import { RateLimit } from "./rate-limit.ts";
import { MAX_UDP_PAYLOAD, type Way } from "./responder.ts";
import { isServicePort, type UdpSource } from "./udp-source.ts";

/**
 * Decides how a packet over UDP is answered, before it is read: its source may be forged, and what is sent there must
 * neither come back for ever nor be worth more than it cost.
 */
export class UdpGate {
  readonly #counters: Counters;
  /** Absent: sources beyond loopback have no limit. */
  #rateLimit: RateLimit | undefined;

  constructor(counters: Counters, answersPerSecond: number | undefined) {
    this.#counters = counters;
    this.limit(answersPerSecond);
  }

  /** From now on so many for each network; `undefined`: no limit. */
  limit(answersPerSecond: number | undefined): void {
    this.#rateLimit = answersPerSecond === undefined ? undefined : new RateLimit(answersPerSecond);
  }

  /** Undefined: not at all. `now`: milliseconds of a clock that nobody sets. */
  wayFor(length: number, source: UdpSource, now: number): Exclude<Way, "tcp"> | undefined {
    if (length > MAX_UDP_PAYLOAD) {
      this.#counters.event("dropped");
      return undefined;
    }
    if (isServicePort(source.port)) {
      this.#counters.event("dropped");
      this.#counters.event("fromServicePort");
      return undefined;
    }
    if (source.isLoopback) {
      return "udp";
    }
    switch (this.#rateLimit?.take(source.network, now)) {
      case "drop":
        this.#counters.event("dropped");
        this.#counters.event("limited");
        return undefined;
      case "slip":
        this.#counters.event("slipped");
        return "slip";
      case "answer":
      case undefined:
        return "far-udp";
    }
  }
}

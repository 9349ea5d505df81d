import { atAbort, Life } from "../../core/life.ts";
import type { Clock } from "../../core/ports.ts";

/** Without a heartbeat for this many of its periods the agent counts as orphaned. */
const MISSED_HEARTBEATS = 3;

export type Contact =
  /** A heartbeat with a leader arrived lately, or the agent just started. */
  | "held"
  /** No heartbeat for three periods, or the last one named no leader: the agent may be in a minority. */
  | "orphaned";

/** What is known of contact before a watch of it begins. */
export interface KnownContact {
  readonly contact: Contact;
  /** When it is lost without a heartbeat, by `Clock.now`; absent: whoever watches it says so. */
  readonly lostAt?: number | undefined;
}

const NEW_CONTACT: KnownContact = { contact: "held" };

/**
 * Tells whether contact with the primaries is held, by when the last heartbeat came and whether it named a leader.
 * Inert while it does not run: a heartbeat that is still under way then changes nothing and arms no timer.
 */
export class ContactWatch {
  readonly #clock: Clock;
  readonly #changed: (contact: Contact) => void;
  #contact: Contact;
  readonly #life = new Life();
  #cancel: (() => void) | undefined;
  #lostAt: number | undefined;

  /** @param known before the first heartbeat; by default contact is held, as of an agent that just started. */
  constructor(clock: Clock, changed: (contact: Contact) => void, known = NEW_CONTACT) {
    this.#contact = known.contact;
    this.#lostAt = known.lostAt;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** When contact is lost without another heartbeat, by `Clock.now`; `undefined` when it is, or none is waited for. */
  get lostAt(): number | undefined {
    return this.#contact === "held" && !this.#life.isOver() ? this.#lostAt : undefined;
  }

  /** Waits for a first heartbeat: for one within `periodMs`, or, without it, for one at any time. */
  run(signal: AbortSignal, periodMs?: number): Promise<void> {
    return this.#life.run(signal, () => {
      if (periodMs !== undefined) {
        this.expectWithin(periodMs);
      } else if (this.#lostAt !== undefined) {
        this.#loseAt(this.#lostAt);
      }
      return atAbort(signal, () => {
        this.#cancel?.();
        this.#cancel = undefined;
        this.#lostAt = undefined;
      });
    });
  }

  /** A heartbeat arrived; the next one is due within `periodMs`. */
  heard(periodMs: number, leaderNamed: boolean): void {
    if (!this.#life.isOver()) {
      this.#become(leaderNamed ? "held" : "orphaned");
      this.expectWithin(periodMs);
    }
  }

  /** The next heartbeat is due within `periodMs` from now, whatever was said before. */
  expectWithin(periodMs: number): void {
    if (!this.#life.isOver()) {
      this.#loseAt(this.#clock.now() + MISSED_HEARTBEATS * periodMs);
    }
  }

  #loseAt(lostAt: number): void {
    this.#cancel?.();
    this.#lostAt = lostAt;
    this.#cancel = this.#clock.after(Math.max(0, lostAt - this.#clock.now()), () => {
      this.#become("orphaned");
    });
  }

  #become(contact: Contact): void {
    if (this.#contact !== contact) {
      this.#contact = contact;
      this.#changed(contact);
    }
  }
}

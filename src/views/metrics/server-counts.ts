import type { Snapshot } from "../../core/snapshot.ts";

/** Servers of a pool that have series of their own: with two series each, 128 of a pool at any length of its list. */
const MOST_NAMED = 64;

/** The series of all servers that have none of their own. */
const OTHER = "other";

interface Counts {
  failures: number;
  downMs: number;
}

/** What one server came to; `server` is its key, or `other`. */
export interface ServerRow {
  readonly server: string;
  readonly failures: number;
  readonly downSeconds: number;
}

/**
 * Failures and times of being down, by server. The first servers of the list have series of their own for as long as
 * they are listed; others take the place of those that left. Times are by `Clock.now`.
 */
export class ServerCounts {
  readonly #named = new Map<string, Counts>();
  readonly #other: Counts = { failures: 0, downMs: 0 };
  readonly #downSince = new Map<string, number>();

  /** Servers that left count no more: what becomes of them is not seen. */
  follow({ members, order }: Pick<Snapshot, "members" | "order">, now: number): void {
    for (const key of this.#downSince.keys()) {
      if (!members.has(key)) {
        this.up(key, now);
      }
    }
    for (const key of this.#named.keys()) {
      if (!members.has(key)) {
        this.#named.delete(key);
      }
    }
    if (this.#named.size === Math.min(MOST_NAMED, members.size)) {
      return;
    }
    for (const key of order) {
      if (this.#named.size >= MOST_NAMED) {
        return;
      }
      if (!this.#named.has(key)) {
        this.#name(key, now);
      }
    }
  }

  failed(key: string): void {
    this.#of(key).failures += 1;
  }

  down(key: string, now: number): void {
    if (!this.#downSince.has(key)) {
      this.#downSince.set(key, now);
    }
  }

  up(key: string, now: number): void {
    const since = this.#downSince.get(key);
    if (since !== undefined) {
      this.#downSince.delete(key);
      this.#of(key).downMs += now - since;
    }
  }

  /** Since when the server is down, as far as that is known. */
  downSince(key: string): number | undefined {
    return this.#downSince.get(key);
  }

  /** One for each server with series of its own, and one for the rest. */
  rows(now: number): readonly ServerRow[] {
    let otherMs = this.#other.downMs;
    for (const [key, since] of this.#downSince) {
      otherMs += this.#named.has(key) ? 0 : now - since;
    }
    const named = [...this.#named].map(([server, { downMs, failures }]) => {
      const downNowMs = now - (this.#downSince.get(server) ?? now);
      return { server, failures, downSeconds: (downMs + downNowMs) / 1000 };
    });
    return [...named, { server: OTHER, failures: this.#other.failures, downSeconds: otherMs / 1000 }];
  }

  /** What came before stays with the others: no counter goes back. */
  #name(key: string, now: number): void {
    const isDown = this.#downSince.has(key);
    this.up(key, now);
    this.#named.set(key, { failures: 0, downMs: 0 });
    if (isDown) {
      this.#downSince.set(key, now);
    }
  }

  #of(key: string): Counts {
    return this.#named.get(key) ?? this.#other;
  }
}

import type { Logger } from "./ports.ts";

/**
 * Servers that one source may name: twice as many as a pushed heartbeat holds. A source that names more costs what
 * 20,000 cost.
 */
export const MAX_SERVERS_PER_SOURCE = 20_000;

/**
 * Cuts what one source names; says so once, for as long as it names too many, and again when that is over and comes
 * back.
 */
export class ListLimit {
  readonly #logger: Logger;
  readonly #isTold = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The first ones, as many as are taken. */
  firstOf<Named>(source: string, named: readonly Named[]): readonly Named[] {
    if (named.length <= MAX_SERVERS_PER_SOURCE) {
      this.#isTold.delete(source);
      return named;
    }
    const level = this.#isTold.has(source) ? "debug" : "warn";
    this.#isTold.add(source);
    const fields = { source, servers: named.length, skipped: named.length - MAX_SERVERS_PER_SOURCE };
    this.#logger[level](fields, `more servers than are taken: the first ${MAX_SERVERS_PER_SOURCE} count`);
    return named.slice(0, MAX_SERVERS_PER_SOURCE);
  }
}

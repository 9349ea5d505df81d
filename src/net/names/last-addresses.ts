import { RecentMap } from "../../core/recent-map.ts";
import type { Family } from "./query.ts";

/** More names than any fleet has servers; the one that was found longest ago is forgotten first. */
const MAX_NAMES = 10_000;

/** The addresses that were last found, by name and family: what is used while nobody answers for one of the two. */
export class LastAddresses {
  readonly #found = new RecentMap<readonly string[]>(2 * MAX_NAMES);

  of(name: string, family: Family): readonly string[] {
    return this.#found.get(key(name, family)) ?? [];
  }

  remember(name: string, family: Family, addresses: readonly string[]): void {
    this.#found.set(key(name, family), addresses);
  }

  forget(name: string, family: Family): void {
    this.#found.delete(key(name, family));
  }
}

function key(name: string, family: Family): string {
  return `${family} ${name}`;
}

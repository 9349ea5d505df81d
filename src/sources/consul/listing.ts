import type { CatalogAnswer } from "../../net/consul/catalog.ts";
import { type Addresses, addressesOf } from "./instance-addresses.ts";

/**
 * One answer of Consul's about the watched service, with its addresses parsed: all that the watch keeps of the answer.
 */
export interface Listing extends Addresses {
  /** The datacenter that the first instance with a datacenter names; `undefined` when no instance does. */
  readonly datacenter: string | undefined;
  /** See `CatalogAnswer`, as the next one. */
  readonly filteredByAcl: boolean;
  readonly withToken: boolean;
}

/** @param service the watched one: instances of other services are skipped. */
export function listingOf(answer: CatalogAnswer, service: string): Listing {
  return {
    ...addressesOf(answer, service),
    datacenter: answer.instances.find(({ datacenter }) => datacenter !== "")?.datacenter,
    filteredByAcl: answer.filteredByAcl,
    withToken: answer.withToken,
  };
}

/** Not even an instance that can't be used. */
export function listsNothing({ usable, skipped }: Listing): boolean {
  return usable.length + skipped.length === 0;
}

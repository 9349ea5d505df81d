import {
  addressName,
  addressNode,
  fixedNodes,
  isSameView,
  listedAddresses,
  poolNodes,
  type ZonePool,
  type ZoneSettings,
} from "../zone/zone.ts";
import { zoneSoa } from "../zone/zone-soa.ts";
import {
  type AnswerTable,
  type EncodedName,
  encodeNegative,
  encodeNode,
  encodeNodes,
} from "./answer-table.ts";

interface EncodedPool {
  readonly view: ZonePool;
  readonly names: readonly EncodedName[];
}

/** Makes the table of a zone from its pools; what did not change since the last table keeps the bytes it has. */
export class ZoneEncoder {
  #settings: ZoneSettings;
  #pools: ReadonlyMap<string, EncodedPool> = new Map();
  /** By address. */
  #targets: ReadonlyMap<string, EncodedName> = new Map();
  #serial = 0;

  constructor(settings: ZoneSettings) {
    this.#settings = settings;
  }

  /** The next table is of these times: all of its answers are encoded anew. */
  configure(times: Pick<ZoneSettings, "ttlSeconds" | "negativeTtlSeconds">): void {
    this.#settings = { ...this.#settings, ...times };
    this.#pools = new Map();
  }

  /** The times that the next table has. */
  get settings(): ZoneSettings {
    return this.#settings;
  }

  encode(views: ReadonlyMap<string, ZonePool>): AnswerTable {
    this.#pools = new Map(views.entries().map(([pool, view]) => [pool, this.#encodedPool(pool, view)]));
    const addresses = listedAddresses(views.values());
    this.#targets = new Map(Array.from(addresses, (address) => [address, this.#encodedTarget(address)]));
    const soa = zoneSoa(this.#settings, views.values(), this.#serial);
    this.#serial = soa.data.type === "SOA" ? soa.data.serial : this.#serial;
    return {
      domain: this.#settings.domain,
      names: [
        ...encodeNodes(fixedNodes(this.#settings, soa)),
        ...this.#pools.values().flatMap(({ names }) => names),
        ...this.#targets.values(),
      ],
      ...encodeNegative(soa),
    };
  }

  #encodedPool(pool: string, view: ZonePool): EncodedPool {
    const known = this.#pools.get(pool);
    return known !== undefined && isSameView(known.view, view)
      ? known
      : { view, names: encodeNodes(poolNodes(this.#settings, pool, view), view.useSlot) };
  }

  #encodedTarget(address: string): EncodedName {
    const name = addressName(this.#settings.domain, address);
    return this.#targets.get(address) ?? encodeNode(name, addressNode(name, address));
  }
}

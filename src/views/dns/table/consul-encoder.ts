import {
  type ConsulZoneSettings,
  consulFixedNodes,
  consulSubtrees,
  serviceNames,
  serviceNode,
} from "../zone/consul-zone.ts";
import { isSameView, type ZonePool } from "../zone/zone.ts";
import { zoneSoa } from "../zone/zone-soa.ts";
import {
  type ConsulTable,
  type EncodedName,
  encodeNegative,
  encodeNode,
  encodeNodes,
} from "./answer-table.ts";
import { encodeName } from "./domain-name.ts";

interface EncodedService {
  readonly view: ZonePool;
  readonly names: readonly EncodedName[];
}

/** Makes the table of Consul's names; what did not change since the last table keeps the bytes it has. */
export class ConsulEncoder {
  readonly #settings: ConsulZoneSettings;
  /** By the name and tag of the service. */
  #services: ReadonlyMap<string, EncodedService> = new Map();
  #serial = 0;

  constructor(settings: ConsulZoneSettings) {
    this.#settings = settings;
  }

  encode(views: Iterable<ZonePool>): ConsulTable {
    const settings = this.#settings;
    const services = new Map<string, EncodedService>();
    for (const view of views) {
      const { service } = view;
      const key = service && JSON.stringify([service.name, service.tag]).toLowerCase();
      // Of two pools of one service the first is the service.
      if (key !== undefined && !services.has(key)) {
        services.set(key, this.#encoded(key, view));
      }
    }
    this.#services = services;
    const soa = zoneSoa(
      settings,
      services.values().map(({ view }) => view),
      this.#serial,
    );
    this.#serial = soa.data.type === "SOA" ? soa.data.serial : this.#serial;
    return {
      domain: settings.domain,
      subtrees: consulSubtrees(settings),
      forwardTo: settings.forwardTo,
      names: [
        ...encodeNodes(consulFixedNodes(settings, soa)),
        ...services.values().flatMap(({ names }) => names),
      ],
      ...encodeNegative(soa),
    };
  }

  #encoded(key: string, view: ZonePool): EncodedService {
    const known = this.#services.get(key);
    return known !== undefined && isSameView(known.view, view) && known.view.down === view.down
      ? known
      : { view, names: this.#names(view) };
  }

  /** The owner of each record is a pointer to the question's name: what is encoded for one name is right for all. */
  #names(view: ZonePool): readonly EncodedName[] {
    const names = view.service === undefined ? [] : serviceNames(this.#settings, view.service);
    const [owner] = names;
    if (owner === undefined) {
      return [];
    }
    const encoded = encodeNode(owner, serviceNode(this.#settings, owner, view), view.useSlot);
    return names.map((name) => ({ ...encoded, name: encodeName(name) }));
  }
}

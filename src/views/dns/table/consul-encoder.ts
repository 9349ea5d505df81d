import {
  type ConsulZoneSettings,
  consulFixedNodes,
  consulSubtrees,
  serviceNode,
} from "../zone/consul-zone.ts";
import { isSameView, type ZonePool, zoneSoa } from "../zone/zone.ts";
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
      names: [
        ...encodeNodes(consulFixedNodes(settings, soa)),
        ...services.values().flatMap(({ names }) => names),
      ],
      ...encodeNegative(soa),
    };
  }

  #encoded(key: string, view: ZonePool): EncodedService {
    const known = this.#services.get(key);
    return known !== undefined && isSameView(known.view, view) ? known : { view, names: this.#names(view) };
  }

  /** Records point at the question for their owner: those of one name are those of all. */
  #names(view: ZonePool): readonly EncodedName[] {
    const service = view.service && serviceNode(this.#settings, view.service, view);
    if (service === undefined) {
      return [];
    }
    const [first] = service.names;
    const encoded = encodeNode(first, service.node, view.useSlot);
    return service.names.map((name) => ({ ...encoded, name: encodeName(name) }));
  }
}

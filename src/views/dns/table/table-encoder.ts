import { isDeepStrictEqual } from "node:util";
import type { Nameserver } from "../../../net/names/nameserver.ts";
import type { ConsulZoneSettings } from "../zone/consul-zone.ts";
import type { ZonePool, ZoneSettings } from "../zone/zone.ts";
import type { AnswerTable } from "./answer-table.ts";
import { ConsulEncoder } from "./consul-encoder.ts";
import { ZoneEncoder } from "./zone-encoder.ts";

/** Consul's own names: lower case, without a final dot. */
export interface ConsulNames {
  readonly domain: string;
  readonly datacenter: string;
  /** What a name answers: the head alone, or all servers that are usable now. */
  readonly answers: "head" | "all";
  /** Consul's own DNS, which is asked what else lies under the domain; absent: nobody is. */
  readonly forwardTo?: Nameserver | undefined;
}

/** What may change from one table to the next. */
export interface TablePolicy extends Pick<ZoneSettings, "ttlSeconds" | "negativeTtlSeconds"> {
  /** Absent: Consul's names are not served. */
  readonly consulNames?: ConsulNames | undefined;
}

/** Makes the table of all that is served: our own zone, and Consul's names where they are wanted. */
export class TableEncoder {
  readonly #zone: ZoneEncoder;
  #consul: ConsulEncoder | undefined;
  #policy: TablePolicy;

  constructor(settings: Pick<ZoneSettings, "domain" | "nameServerAddresses">, policy: TablePolicy) {
    const { negativeTtlSeconds, ttlSeconds } = policy;
    this.#zone = new ZoneEncoder({ ...settings, negativeTtlSeconds, ttlSeconds });
    this.#policy = policy;
    this.#consul = this.#newConsulEncoder();
  }

  /** Of our own zone. */
  get settings(): ZoneSettings {
    return this.#zone.settings;
  }

  /** Of Consul's names; absent when they are not served. */
  get consulSettings(): ConsulZoneSettings | undefined {
    const { consulNames, ...times } = this.#policy;
    const { nameServerAddresses } = this.#zone.settings;
    return consulNames && { ...consulNames, ...times, nameServerAddresses };
  }

  /** @returns whether the next table is another one. */
  configure(policy: TablePolicy): boolean {
    if (isDeepStrictEqual(policy, this.#policy)) {
      return false;
    }
    const { negativeTtlSeconds, ttlSeconds } = policy;
    this.#policy = policy;
    this.#zone.configure({ negativeTtlSeconds, ttlSeconds });
    this.#consul = this.#newConsulEncoder();
    return true;
  }

  encode(views: ReadonlyMap<string, ZonePool>): AnswerTable {
    return { ...this.#zone.encode(views), consul: this.#consul?.encode(views.values()) };
  }

  #newConsulEncoder(): ConsulEncoder | undefined {
    const settings = this.consulSettings;
    return settings && new ConsulEncoder(settings);
  }
}

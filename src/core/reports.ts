import { CallOrder } from "./call-order.ts";
import type { Clock } from "./ports.ts";
import { type FoundServers, Roll } from "./roll.ts";
import type { EndpointError } from "./rpc-addr.ts";
import type { ServerEndpoint } from "./server-endpoint.ts";
import type { ServerEvent } from "./server-event.ts";
import type { Tier } from "./snapshot.ts";
import type { WantedNames } from "./wanted-names.ts";

/** The list that the reports are of. */
interface List {
  readonly listed: (key: string) => ServerEndpoint | undefined;
  readonly apply: (event: ServerEvent) => void;
}

/** What is reported of each tier; of a tier that is absent nothing is said. */
export type ReportedAddresses = Readonly<Partial<Record<Tier, readonly string[]>>>;

export type Found = Readonly<Record<Tier, FoundServers>>;

/**
 * Brings what sources report into the list. A report is taken in one step when its names were asked for, or have taken
 * too long; each further name as it is found, for as long as the source's next report does not leave it out.
 */
export class Reports {
  readonly #wanted: WantedNames;
  readonly #clock: Clock;
  readonly #list: List;
  readonly #calls = { consul: new CallOrder(), "state-file": new CallOrder(), heartbeat: new CallOrder() };

  constructor(wanted: WantedNames, clock: Clock, list: List) {
    this.#wanted = wanted;
    this.#clock = clock;
    this.#list = list;
  }

  /**
   * `eventOf` makes the event of what was found; without one nothing is applied. A report without a usable server is
   * taken again, as a whole, with the first name that is found.
   * @returns the addresses that can't be used now.
   */
  async take(
    source: "consul" | "state-file" | "heartbeat",
    addresses: ReportedAddresses,
    eventOf: (found: Found) => ServerEvent | undefined,
  ): Promise<readonly EndpointError[]> {
    const call = this.#calls[source].begin();
    let isUsable = false;
    const apply = (found: Found, mayApply: () => boolean) => {
      isUsable = countOf(found.primary) + countOf(found.backup) > 0;
      const event = eventOf(found);
      if (event !== undefined && mayApply()) {
        this.#list.apply(event);
      }
    };
    const rolls = this.#rollsOf(source, addresses, (endpoint, tier) => {
      if (isUsable) {
        this.#list.apply({ kind: "server-found", endpoint, source, tier });
      } else {
        apply(readBoth(rolls), () => true);
      }
    });
    await Promise.all([rolls.primary.settled, rolls.backup.settled]);
    const found = readBoth(rolls);
    // What comes to nothing is no news when there is a later report.
    apply(found, () => (isUsable || !rolls.primary.isReplaced) && call.isLatestToApply());
    return [...found.primary.rejected, ...found.backup.rejected];
  }

  /** Rolls of the source's last report are replaced together: a name that changed its tier is not asked for anew. */
  #rollsOf(
    source: string,
    addresses: ReportedAddresses,
    late: (endpoint: ServerEndpoint, tier: Tier) => void,
  ): Record<Tier, Roll> {
    const rollOf = (tier: Tier) =>
      new Roll(
        addresses[tier] ?? [],
        this.#list.listed,
        (endpoint) => {
          late(endpoint, tier);
        },
        this.#clock,
      );
    const rolls = { primary: rollOf("primary"), backup: rollOf("backup") };
    this.#wanted.want(source, [rolls.primary, rolls.backup]);
    return rolls;
  }
}

function readBoth({ primary, backup }: Record<Tier, Roll>): Found {
  return { primary: primary.read(), backup: backup.read() };
}

function countOf({ listed, newcomers }: FoundServers): number {
  return listed.length + newcomers.length;
}

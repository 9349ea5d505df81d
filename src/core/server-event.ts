/** What may happen to a list: the events that `transition` takes. */
import type { AddressFinding } from "./address-findings.ts";
import type { ServerEndpoint } from "./server-endpoint.ts";
import type { Source, Tier } from "./snapshot.ts";

/** Who follows a head that failed. */
export interface Successor {
  readonly key: string;
  /** Keys of servers that failed, too: of those between the head and its successor, these go to the end with it. */
  readonly failed: ReadonlySet<string>;
}

export type ServerEvent =
  | { readonly kind: "primary-added"; readonly endpoint: ServerEndpoint; readonly source: "api" | "static" }
  | {
      readonly kind: "backups-reported";
      readonly endpoints: readonly ServerEndpoint[];
      readonly source: "consul" | "state-file";
      /** "primary" while no heartbeat with a leader arrives, so that the agent may leave a minority partition. */
      readonly tier: Tier;
    }
  | {
      readonly kind: "heartbeat-received";
      /** Servers of our datacenter; new ones are appended in this order, so shuffle before. */
      readonly primaries: readonly ServerEndpoint[];
      /** Servers of other datacenters. */
      readonly backups: readonly ServerEndpoint[];
      readonly numNodes: number;
      readonly leaderAddr: string;
      /** Who brought it; "heartbeat" by default. */
      readonly source?: string | undefined;
      /** The key of the server that sent it, where one did. */
      readonly server?: string | undefined;
    }
  | {
      readonly kind: "server-failed";
      readonly key: string;
      readonly source: string;
      readonly reason?: string;
      /** The server that is head next; the one behind the head by default. */
      readonly successor?: Successor | undefined;
    }
  | {
      readonly kind: "server-removed";
      readonly key: string;
      readonly source: string;
      readonly reason?: string;
    }
  | {
      /** A server of the last report of a source, whose name was found only after that was taken. */
      readonly kind: "server-found";
      readonly endpoint: ServerEndpoint;
      readonly source: Source;
      readonly tier: Tier;
    }
  | {
      /** It says that it does not serve us: kept apart, with its claims, until it is admitted. */
      readonly kind: "server-barred";
      readonly key: string;
      readonly source: string;
      readonly reason?: string;
    }
  | {
      readonly kind: "server-admitted";
      readonly key: string;
      readonly source: string;
      readonly reason?: string;
    }
  | { readonly kind: "server-resolved"; readonly key: string; readonly addresses: readonly string[] }
  | {
      /** Of a server with several addresses one answered, or failed. */
      readonly kind: "address-heard";
      readonly key: string;
      readonly address: string;
      readonly finding: AddressFinding;
      readonly source: string;
    }
  | {
      readonly kind: "configuration-changed";
      /** Sources that there are no longer: all their claims end. */
      readonly ended: ReadonlySet<Source>;
      /** Keys of servers that the configuration names no longer. */
      readonly dropped: ReadonlySet<string>;
      /** Keys of servers that it names: they outlive the heartbeats that overrode it. */
      readonly configured: ReadonlySet<string>;
    }
  | { readonly kind: "rebalanced"; readonly order: readonly string[]; readonly reason?: string | undefined };

export type EventOf<Kind extends ServerEvent["kind"]> = Extract<ServerEvent, { kind: Kind }>;

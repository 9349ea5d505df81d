/**
 * The transitions of the ordered server list: pure functions from a snapshot and an event to the next snapshot.
 * An event that changes nothing returns the identical snapshot. Every event is total: none throws.
 */
import { List, type Map as PersistentMap } from "immutable";
import type { ServerEndpoint } from "./server-endpoint.ts";
import {
  type Cause,
  type Claims,
  type Difference,
  type Member,
  NO_DIFFERENCE,
  Snapshot,
  type Source,
  type Tier,
} from "./snapshot.ts";

export type ServerEvent =
  | { readonly type: "primary-added"; readonly endpoint: ServerEndpoint; readonly source: "api" | "static" }
  | {
      readonly type: "backups-reported";
      readonly endpoints: readonly ServerEndpoint[];
      readonly source: "consul" | "state-file";
      /** "primary" while no heartbeat with a leader arrives, so that the agent may leave a minority partition. */
      readonly tier: Tier;
    }
  | {
      readonly type: "heartbeat-received";
      /** Servers of our datacenter; new ones are appended in this order, so shuffle before. */
      readonly primaries: readonly ServerEndpoint[];
      /** Servers of other datacenters. */
      readonly backups: readonly ServerEndpoint[];
      readonly numNodes: number;
      readonly leaderAddr: string;
    }
  | {
      readonly type: "server-failed";
      readonly key: string;
      readonly source: string;
      readonly reason?: string;
    }
  | {
      readonly type: "server-removed";
      readonly key: string;
      readonly source: string;
      readonly reason?: string;
    }
  | { readonly type: "server-resolved"; readonly key: string; readonly addresses: readonly string[] }
  | { readonly type: "rebalanced"; readonly order: readonly string[]; readonly reason?: string };

/** The next snapshot; the identical one when the event changes nothing. `at`: milliseconds since the Unix epoch. */
export function transition(snapshot: Snapshot, event: ServerEvent, at: number): Snapshot {
  switch (event.type) {
    case "primary-added":
      return addPrimary(snapshot, event.endpoint, event.source, at);
    case "backups-reported":
      return reportBackups(snapshot, event, at);
    case "heartbeat-received":
      return receiveHeartbeat(snapshot, event, at);
    case "server-failed":
      return failServer(snapshot, event, at);
    case "server-removed":
      return removeServer(snapshot, event, at);
    case "server-resolved":
      return resolveServer(snapshot, event, at);
    case "rebalanced":
      return takeOrder(snapshot, event, at);
  }
}

type Step = Partial<Pick<Snapshot, "order" | "members" | "leaderAddr" | "numNodes">>;

function next(
  snapshot: Snapshot,
  step: Step,
  difference: Partial<Difference>,
  cause: Cause,
  at: number,
): Snapshot {
  return new Snapshot({
    revision: snapshot.revision + 1,
    order: step.order ?? snapshot.order,
    members: step.members ?? snapshot.members,
    leaderAddr: step.leaderAddr ?? snapshot.leaderAddr,
    numNodes: step.numNodes ?? snapshot.numNodes,
    cause: Object.freeze(cause),
    difference: Object.freeze({ ...NO_DIFFERENCE, ...difference }),
    at,
  });
}

function memberOf(endpoint: ServerEndpoint, claims: Claims): Member {
  const tier = Object.values(claims).includes("primary") ? "primary" : "backup";
  return Object.freeze({ endpoint, claims: Object.freeze(claims), tier });
}

function addPrimary(
  snapshot: Snapshot,
  endpoint: ServerEndpoint,
  source: "api" | "static",
  at: number,
): Snapshot {
  const { key } = endpoint;
  const known = snapshot.members.get(key);
  if (known?.tier === "primary") {
    return snapshot;
  }
  const members = snapshot.members.set(
    key,
    memberOf(known?.endpoint ?? endpoint, { ...known?.claims, [source]: "primary" }),
  );
  const cause: Cause = { occurrence: "primary-added", source, server: key };
  return known === undefined
    ? next(snapshot, { members, order: snapshot.order.push(key) }, { added: [key] }, cause, at)
    : next(snapshot, { members }, {}, cause, at);
}

type EventOf<Type extends ServerEvent["type"]> = Extract<ServerEvent, { type: Type }>;

/** What a source says of each server now: its claims replaced, `undefined` for a server that leaves. */
type ClaimsAfter = (member: Member) => Claims | undefined;

interface Reported {
  readonly endpoint: ServerEndpoint;
  readonly tier: Tier;
}

function reportBackups(snapshot: Snapshot, event: EventOf<"backups-reported">, at: number): Snapshot {
  const { source, tier } = event;
  const reported = new Map<string, Reported>(
    event.endpoints.map((endpoint) => [endpoint.key, { endpoint, tier }]),
  );
  const claimsAfter: ClaimsAfter = (member) => {
    const claims = withoutSources(
      member.claims,
      source === "consul" && reported.size > 0 ? [source, "state-file"] : [source],
    );
    const claim = reported.get(member.endpoint.key);
    const after: Claims = claim === undefined ? claims : { ...claims, [source]: claim.tier };
    return Object.keys(after).length === 0 ? undefined : after;
  };
  const lists = replaceClaims(snapshot, reported, source, claimsAfter);
  return lists === undefined
    ? snapshot
    : next(snapshot, lists, lists.difference, { occurrence: "backups-reported", source }, at);
}

function receiveHeartbeat(snapshot: Snapshot, event: EventOf<"heartbeat-received">, at: number): Snapshot {
  const { numNodes, leaderAddr } = event;
  const reported = new Map<string, Reported>();
  for (const endpoint of event.primaries) {
    reported.set(endpoint.key, { endpoint, tier: "primary" });
  }
  for (const endpoint of event.backups) {
    if (!reported.has(endpoint.key)) {
      reported.set(endpoint.key, { endpoint, tier: "backup" });
    }
  }
  // A list is never emptied by a source that failed: without a usable server only the numbers are taken.
  const lists =
    reported.size === 0
      ? undefined
      : replaceClaims(snapshot, reported, "heartbeat", (member) =>
          claimsAfterHeartbeat(member.claims, reported.get(member.endpoint.key)?.tier, leaderAddr !== ""),
        );
  if (lists === undefined && snapshot.numNodes === numNodes && snapshot.leaderAddr === leaderAddr) {
    return snapshot;
  }
  const cause: Cause = { occurrence: "heartbeat-received", source: "heartbeat" };
  return next(snapshot, { ...lists, numNodes, leaderAddr }, lists?.difference ?? {}, cause, at);
}

/**
 * A heartbeat replaces every primary; one that it does not name leaves all lists. What Consul added as primary
 * while there was no leader becomes backup again at the first heartbeat that names one.
 */
function claimsAfterHeartbeat(
  claims: Claims,
  tier: Tier | undefined,
  leaderKnown: boolean,
): Claims | undefined {
  const consulTier = leaderKnown && claims.consul !== undefined ? "backup" : claims.consul;
  const consul: Claims = consulTier === undefined ? {} : { consul: consulTier };
  if (tier !== undefined) {
    return { ...consul, heartbeat: tier };
  }
  const wasPrimary = [claims.heartbeat, claims.static, claims.api].includes("primary");
  return wasPrimary || consulTier === undefined ? undefined : consul;
}

function withoutSources(claims: Claims, sources: readonly Source[]): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([source]) => !sources.includes(source as Source)));
}

function sameClaims(one: Claims, other: Claims): boolean {
  const sources = Object.keys(one) as Source[];
  return (
    sources.length === Object.keys(other).length && sources.every((source) => one[source] === other[source])
  );
}

interface Lists {
  readonly members: PersistentMap<string, Member>;
  readonly order: List<string>;
  readonly difference: Difference;
}

/** Applies new claims to every member and appends the reported servers that are not listed; `undefined`: no change. */
function replaceClaims(
  snapshot: Snapshot,
  reported: ReadonlyMap<string, Reported>,
  source: Source,
  claimsAfter: ClaimsAfter,
): Lists | undefined {
  const removed: string[] = [];
  const added: string[] = [];
  const members = snapshot.members.withMutations((draft) => {
    for (const [key, member] of snapshot.members) {
      const claims = claimsAfter(member);
      if (claims === undefined) {
        removed.push(key);
        draft.delete(key);
      } else if (!sameClaims(claims, member.claims)) {
        draft.set(key, memberOf(member.endpoint, claims));
      }
    }
    for (const [key, { endpoint, tier }] of reported) {
      if (!snapshot.members.has(key)) {
        added.push(key);
        draft.set(key, memberOf(endpoint, { [source]: tier }));
      }
    }
  });
  if (members === snapshot.members) {
    return undefined;
  }
  const kept = removed.length === 0 ? snapshot.order : snapshot.order.filter((key) => members.has(key));
  return { members, order: kept.concat(added), difference: { ...NO_DIFFERENCE, added, removed } };
}

function causeOf(occurrence: Cause["occurrence"], event: EventOf<"server-failed" | "server-removed">): Cause {
  const cause: Cause = { occurrence, source: event.source, server: event.key };
  return event.reason === undefined ? cause : { ...cause, reason: event.reason };
}

function failServer(snapshot: Snapshot, event: EventOf<"server-failed">, at: number): Snapshot {
  if (snapshot.head?.key !== event.key || snapshot.size < 2) {
    return snapshot;
  }
  const order = snapshot.order.shift().push(event.key);
  return next(snapshot, { order }, { moved: [event.key] }, causeOf("server-failed", event), at);
}

function removeServer(snapshot: Snapshot, event: EventOf<"server-removed">, at: number): Snapshot {
  const { key } = event;
  if (!snapshot.members.has(key)) {
    return snapshot;
  }
  const step = {
    members: snapshot.members.delete(key),
    order: snapshot.order.delete(snapshot.order.indexOf(key)),
  };
  return next(snapshot, step, { removed: [key] }, causeOf("server-removed", event), at);
}

function resolveServer(snapshot: Snapshot, event: EventOf<"server-resolved">, at: number): Snapshot {
  const { key, addresses } = event;
  const member = snapshot.members.get(key);
  const known = member?.endpoint.addresses ?? [];
  const same = addresses.length === known.length && addresses.every((address, i) => address === known[i]);
  if (member === undefined || addresses.length === 0 || same) {
    return snapshot;
  }
  const members = snapshot.members.set(
    key,
    memberOf(member.endpoint.withAddresses(addresses), member.claims),
  );
  const cause: Cause = { occurrence: "server-resolved", source: "resolver", server: key };
  return next(snapshot, { members }, {}, cause, at);
}

/** A new order, reconciled with what changed since it was planned: see `RpcProxy.rebalanceServers`. */
function takeOrder(snapshot: Snapshot, event: EventOf<"rebalanced">, at: number): Snapshot {
  const planned = new Set(event.order);
  const head = event.order[0];
  if (head === undefined || !snapshot.members.has(head)) {
    return snapshot;
  }
  const order = List([
    ...[...planned].filter((key) => snapshot.members.has(key)),
    ...snapshot.order.filter((key) => !planned.has(key)),
  ]);
  const before = snapshot.order.toArray();
  const moved = before.filter((key, position) => order.get(position) !== key);
  if (moved.length === 0) {
    return snapshot;
  }
  const cause: Cause = { occurrence: "rebalanced", source: "rebalancer", server: head };
  return next(
    snapshot,
    { order },
    { moved },
    event.reason === undefined ? cause : { ...cause, reason: event.reason },
    at,
  );
}

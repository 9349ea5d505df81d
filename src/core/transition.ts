/**
 * The transitions of the ordered server list: pure functions from a snapshot and an event to the next snapshot.
 * An event that changes nothing returns the identical snapshot. Every event is total: none throws.
 *
 * More than 250 lines, because all that may change a list is to be read in one place.
 */

import { List, type Map as PersistentMap } from "immutable";
import {
  type ClaimsAfter,
  canonicalClaims,
  claimsAfterBackups,
  claimsAfterConfiguration,
  claimsAfterHeartbeat,
  claimsWith,
  isOnlyRemembered,
  isPrimaryByRight,
  remembered,
  tierOfClaims,
} from "./claims.ts";
import type { ServerEndpoint } from "./server-endpoint.ts";
import type { EventOf, ServerEvent } from "./server-event.ts";
import {
  type Cause,
  type Claims,
  type Difference,
  type Member,
  NO_DIFFERENCE,
  Snapshot,
  type Tier,
} from "./snapshot.ts";

/** The next snapshot; the identical one when the event changes nothing. `at`: milliseconds since the Unix epoch. */
export function transition(snapshot: Snapshot, event: ServerEvent, at: number): Snapshot {
  switch (event.kind) {
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
    case "server-found":
      return addFound(snapshot, event, at);
    case "server-barred":
      return barServer(snapshot, event, at);
    case "server-admitted":
      return admitServer(snapshot, event, at);
    case "server-resolved":
      return resolveServer(snapshot, event, at);
    case "address-heard":
      return hearAddress(snapshot, event, at);
    case "configuration-changed":
      return changeConfiguration(snapshot, event, at);
    case "rebalanced":
      return takeOrder(snapshot, event, at);
  }
}

const NO_CLAIMS: Claims = canonicalClaims({});
const TIERS: readonly Tier[] = ["primary", "backup"];

type Step = Partial<Pick<Snapshot, "order" | "members" | "barred" | "leaderAddr" | "numNodes">>;

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
    barred: step.barred ?? snapshot.barred,
    leaderAddr: step.leaderAddr ?? snapshot.leaderAddr,
    numNodes: step.numNodes ?? snapshot.numNodes,
    before: snapshot,
    cause: Object.freeze(cause),
    difference: frozenDifference(difference),
    at,
  });
}

function frozenDifference({ added, removed, moved }: Partial<Difference>): Difference {
  return Object.freeze({
    added: added === undefined ? NO_DIFFERENCE.added : Object.freeze(added),
    removed: removed === undefined ? NO_DIFFERENCE.removed : Object.freeze(removed),
    moved: moved === undefined ? NO_DIFFERENCE.moved : Object.freeze(moved),
  });
}

function memberOf(endpoint: ServerEndpoint, claims: Claims): Member {
  return Object.freeze({ endpoint, claims, tier: tierOfClaims(claims) });
}

/** A primary by Consul's claim alone would leave with that claim: then the new one is recorded, in its place. */
function addPrimary(
  snapshot: Snapshot,
  endpoint: ServerEndpoint,
  source: "api" | "static",
  at: number,
): Snapshot {
  const { key } = endpoint;
  const known = snapshot.members.get(key) ?? snapshot.barred.get(key);
  return known !== undefined && isPrimaryByRight(known.claims)
    ? snapshot
    : claim(
        snapshot,
        endpoint,
        { [source]: "primary" },
        { occurrence: "primary-added", source, server: key },
        at,
      );
}

function addFound(snapshot: Snapshot, event: EventOf<"server-found">, at: number): Snapshot {
  const { endpoint, source, tier } = event;
  return claim(
    snapshot,
    endpoint,
    { [source]: tier },
    { occurrence: "server-found", source, server: endpoint.key },
    at,
  );
}

/** Adds claims to a server, on the list, barred, or new at the end. */
function claim(
  snapshot: Snapshot,
  endpoint: ServerEndpoint,
  added: Claims,
  cause: Cause,
  at: number,
): Snapshot {
  const { key } = endpoint;
  const part = snapshot.barred.has(key) ? "barred" : "members";
  const known = snapshot[part].get(key);
  const claims = claimsWith(known?.claims ?? NO_CLAIMS, added);
  if (claims === known?.claims) {
    return snapshot;
  }
  const step = { [part]: snapshot[part].set(key, memberOf(known?.endpoint ?? endpoint, claims)) };
  if (part === "barred") {
    return next(snapshot, step, {}, cause, at);
  }
  const order = isOnlyRemembered(claims) ? snapshot.order : beforeRemembered(snapshot, key);
  return known === undefined
    ? next(
        snapshot,
        { ...step, order: order === snapshot.order ? order.push(key) : order },
        { added: [key] },
        cause,
        at,
      )
    : next(snapshot, { ...step, order }, order === snapshot.order ? {} : { moved: [key] }, cause, at);
}

/**
 * The order with this server in front of those that only the state file vouches for, where these are first or last: so
 * they are until servers fail. The same order when there are none.
 */
function beforeRemembered({ members, order }: Snapshot, key: string): List<string> {
  const isRemembered = (other: string | undefined) =>
    other !== undefined && isOnlyRemembered(members.get(other)?.claims ?? NO_CLAIMS);
  if (!isRemembered(order.first()) && !isRemembered(order.last())) {
    return order;
  }
  const first = order.findIndex(isRemembered);
  const own = order.indexOf(key);
  return own >= 0 && own <= first ? order : (own < 0 ? order : order.delete(own)).insert(first, key);
}

/** What a source reports: endpoints by key, each server in one tier only. */
type Reported = Record<Tier, Map<string, ServerEndpoint>>;

function byKey(endpoints: readonly ServerEndpoint[]): Map<string, ServerEndpoint> {
  const found = new Map<string, ServerEndpoint>();
  for (const endpoint of endpoints) {
    found.set(endpoint.key, endpoint);
  }
  return found;
}

function reportBackups(snapshot: Snapshot, event: EventOf<"backups-reported">, at: number): Snapshot {
  const { source, tier, endpoints } = event;
  const none = new Map<string, ServerEndpoint>();
  const reported = { primary: none, backup: none, [tier]: byKey(endpoints) };
  const lists = replaceClaims(snapshot, reported, claimsAfterBackups(source, endpoints.length === 0));
  return lists === undefined
    ? snapshot
    : next(snapshot, lists, lists.difference, { occurrence: "backups-reported", source }, at);
}

function receiveHeartbeat(snapshot: Snapshot, event: EventOf<"heartbeat-received">, at: number): Snapshot {
  const { numNodes, leaderAddr, source = "heartbeat", server } = event;
  const primary = byKey(event.primaries);
  const backup = byKey(event.backups.filter(({ key }) => !primary.has(key)));
  // A list is never emptied by a source that failed: without a usable server only the numbers are taken.
  const lists =
    primary.size + backup.size === 0
      ? undefined
      : replaceClaims(snapshot, { primary, backup }, claimsAfterHeartbeat(leaderAddr !== ""));
  if (lists === undefined && Object.is(snapshot.numNodes, numNodes) && snapshot.leaderAddr === leaderAddr) {
    return snapshot;
  }
  const heard: Cause = { occurrence: "heartbeat-received", source };
  const cause = server === undefined ? heard : { ...heard, server };
  return next(snapshot, { ...lists, numNodes, leaderAddr }, lists?.difference ?? {}, cause, at);
}

interface Lists {
  readonly members: PersistentMap<string, Member>;
  readonly barred: PersistentMap<string, Member>;
  readonly order: List<string>;
  readonly difference: Difference;
}

/**
 * Applies new claims to every server, and appends the reported ones that are neither listed nor barred; `undefined`: no
 * change.
 */
function replaceClaims(snapshot: Snapshot, reported: Reported, decide: ClaimsAfter): Lists | undefined {
  const claimsAfter = remembered(decide);
  const barred = snapshot.barred.withMutations((draft) => {
    replaceEach(snapshot.barred, draft, reported, claimsAfter);
  });
  const added: string[] = [];
  let removed: ReadonlySet<string> = new Set();
  const members = snapshot.members.withMutations((draft) => {
    removed = replaceEach(snapshot.members, draft, reported, claimsAfter);
    for (const tier of TIERS) {
      for (const [key, endpoint] of reported[tier]) {
        added.push(key);
        draft.set(key, memberOf(endpoint, claimsAfter(NO_CLAIMS, tier) ?? NO_CLAIMS));
      }
    }
  });
  if (members === snapshot.members && barred === snapshot.barred) {
    return undefined;
  }
  const kept = removed.size === 0 ? snapshot.order : snapshot.order.filter((key) => !removed.has(key));
  const difference = { ...NO_DIFFERENCE, added, removed: [...removed] };
  return { members, barred, order: added.length === 0 ? kept : kept.concat(added), difference };
}

/**
 * Applies new claims to the known servers. Takes each out of `reported`, so that the newcomers are left.
 * @returns the keys of those that are left without a claim, and so leave.
 */
function replaceEach(
  known: PersistentMap<string, Member>,
  draft: PersistentMap<string, Member>,
  reported: Reported,
  claimsAfter: ClaimsAfter,
): ReadonlySet<string> {
  const removed = new Set<string>();
  known.forEach((member, key) => {
    const tier = reported.primary.delete(key)
      ? "primary"
      : reported.backup.delete(key)
        ? "backup"
        : undefined;
    const claims = claimsAfter(member.claims, tier);
    if (claims === undefined) {
      removed.add(key);
      draft.delete(key);
    } else if (claims !== member.claims) {
      draft.set(key, memberOf(member.endpoint, claims));
    }
  });
  return removed;
}

type ReportedEvent = EventOf<"server-failed" | "server-removed" | "server-barred" | "server-admitted">;

function causeOf(occurrence: Cause["occurrence"], event: ReportedEvent): Cause {
  const cause: Cause = { occurrence, source: event.source, server: event.key };
  return event.reason === undefined ? cause : { ...cause, reason: event.reason };
}

function failServer(snapshot: Snapshot, event: EventOf<"server-failed">, at: number): Snapshot {
  const { key, successor } = event;
  if (snapshot.head?.key !== key || snapshot.size < 2) {
    return snapshot;
  }
  const cause = causeOf("server-failed", event);
  const position = successor === undefined ? 1 : snapshot.order.indexOf(successor.key);
  if (successor === undefined || position <= 1) {
    return next(snapshot, { order: snapshot.order.shift().push(key) }, { moved: [key] }, cause, at);
  }
  const between = snapshot.order.slice(1, position).toArray();
  const passed = between.filter((other) => !successor.failed.has(other));
  const gone = [key, ...between.filter((other) => successor.failed.has(other))];
  const order = List([successor.key, ...passed, ...snapshot.order.skip(position + 1), ...gone]);
  const moved = passed.length === 0 ? gone : [successor.key, ...gone];
  return next(snapshot, { order }, { moved }, cause, at);
}

function removeServer(snapshot: Snapshot, event: EventOf<"server-removed">, at: number): Snapshot {
  const { key } = event;
  const cause = causeOf("server-removed", event);
  if (snapshot.barred.has(key)) {
    return next(snapshot, { barred: snapshot.barred.delete(key) }, {}, cause, at);
  }
  return snapshot.members.has(key)
    ? next(snapshot, unlisted(snapshot, key), { removed: [key] }, cause, at)
    : snapshot;
}

function unlisted({ members, order }: Snapshot, key: string): Step {
  return { members: members.delete(key), order: order.delete(order.indexOf(key)) };
}

function barServer(snapshot: Snapshot, event: EventOf<"server-barred">, at: number): Snapshot {
  const { key } = event;
  const member = snapshot.members.get(key);
  if (member === undefined) {
    return snapshot;
  }
  const step = { ...unlisted(snapshot, key), barred: snapshot.barred.set(key, member) };
  return next(snapshot, step, { removed: [key] }, causeOf("server-barred", event), at);
}

/** It comes back as a new server does, at the end, in the tier that its claims say by now. */
function admitServer(snapshot: Snapshot, event: EventOf<"server-admitted">, at: number): Snapshot {
  const { key } = event;
  const member = snapshot.barred.get(key);
  if (member === undefined) {
    return snapshot;
  }
  const step = {
    members: snapshot.members.set(key, member),
    order: snapshot.order.push(key),
    barred: snapshot.barred.delete(key),
  };
  return next(snapshot, step, { added: [key] }, causeOf("server-admitted", event), at);
}

function resolveServer(snapshot: Snapshot, event: EventOf<"server-resolved">, at: number): Snapshot {
  const { key, addresses } = event;
  const part = snapshot.barred.has(key) ? "barred" : "members";
  const member = snapshot[part].get(key);
  if (member === undefined || addresses.length === 0) {
    return snapshot;
  }
  const endpoint = member.endpoint.withAddresses(addresses);
  if (isSameList(endpoint.addresses, member.endpoint.addresses)) {
    return snapshot;
  }
  const resolved = memberOf(endpoint, member.claims);
  const cause: Cause = { occurrence: "server-resolved", source: "resolver", server: key };
  return next(snapshot, { [part]: snapshot[part].set(key, resolved) }, {}, cause, at);
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, i) => text === other[i]);
}

/** With one address there is nothing to choose: whether that answers is what is known of the server. */
function hearAddress(snapshot: Snapshot, event: EventOf<"address-heard">, at: number): Snapshot {
  const { key, address, finding, source } = event;
  const member = snapshot.members.get(key);
  const endpoint = member?.endpoint.withFinding(address, finding);
  if (member === undefined || endpoint === undefined || endpoint === member.endpoint) {
    return snapshot;
  }
  if (endpoint.addresses.length < 2) {
    return snapshot;
  }
  const members = snapshot.members.set(key, memberOf(endpoint, member.claims));
  const cause: Cause = finding.answers
    ? { occurrence: "address-answered", source, server: key, reason: address }
    : { occurrence: "address-failed", source, server: key, reason: `${address}: ${finding.reason}` };
  return next(snapshot, { members }, {}, cause, at);
}

/** Claims that are no longer configured end; servers without another one leave, and no other changes its place. */
function changeConfiguration(
  snapshot: Snapshot,
  event: EventOf<"configuration-changed">,
  at: number,
): Snapshot {
  const removed = new Set<string>();
  const members = withoutEndedClaims(snapshot.members, event, (key) => removed.add(key));
  const barred = withoutEndedClaims(snapshot.barred, event);
  if (members === snapshot.members && barred === snapshot.barred) {
    return snapshot;
  }
  const order = removed.size === 0 ? snapshot.order : snapshot.order.filter((key) => !removed.has(key));
  const cause: Cause = { occurrence: "configuration-changed", source: "configuration" };
  return next(snapshot, { members, barred, order }, { removed: [...removed] }, cause, at);
}

function withoutEndedClaims(
  known: PersistentMap<string, Member>,
  event: EventOf<"configuration-changed">,
  onRemoved: (key: string) => void = () => undefined,
): PersistentMap<string, Member> {
  return known.withMutations((draft) => {
    known.forEach(({ claims, endpoint }, key) => {
      const left = claimsAfterConfiguration(claims, key, event);
      if (left === undefined) {
        onRemoved(key);
        draft.delete(key);
      } else if (left !== claims) {
        draft.set(key, memberOf(endpoint, left));
      }
    });
  });
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

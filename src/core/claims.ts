/** What the sources say of a server, and how a heartbeat or a list of backups changes it: pure. */
import type { EventOf } from "./server-event.ts";
import type { Claims, Source, Tier } from "./snapshot.ts";

/**
 * What a source now says of a server that has these claims; `undefined`: the server leaves. `tier`: what it reports it
 * as.
 */
export type ClaimsAfter = (claims: Claims, tier: Tier | undefined) => Claims | undefined;

const SOURCES: readonly Source[] = ["static", "api", "heartbeat", "consul", "state-file"];

/** Each of the 3⁵ combinations of claims once, so that equal claims are the same object. */
const canonical: Claims[] = [];

/** The one object for these claims: equal claims are identical. */
export function canonicalClaims(claims: Claims): Claims {
  let index = 0;
  for (const source of SOURCES) {
    const tier = claims[source];
    index = index * 3 + (tier === undefined ? 0 : tier === "primary" ? 1 : 2);
  }
  canonical[index] ??= Object.freeze({ ...claims });
  return canonical[index] as Claims;
}

/** Primary in one source is primary. */
export function tierOfClaims(claims: Claims): Tier {
  return SOURCES.some((source) => claims[source] === "primary") ? "primary" : "backup";
}

/**
 * Whether a configured, added or heartbeat's primary: that stays until a heartbeat overrides it, whatever Consul or the
 * state file says.
 */
export function isPrimaryByRight(claims: Claims): boolean {
  return [claims.heartbeat, claims.static, claims.api].includes("primary");
}

/** Whether nobody but the state file vouches for a server with these claims. */
export function isOnlyRemembered(claims: Claims): boolean {
  return claims["state-file"] !== undefined && Object.keys(claims).length === 1;
}

/** With more claims: what another source names need not be remembered. */
export function claimsWith(claims: Claims, added: Claims): Claims {
  const { "state-file": remembered, ...others } = { ...claims, ...added };
  const isRemembered = remembered !== undefined && Object.keys(others).length === 0;
  return canonicalClaims(isRemembered ? { "state-file": remembered } : others);
}

/** The source's backups are replaced; what Consul found makes what the state file remembered superfluous. */
export function claimsAfterBackups(source: "consul" | "state-file", isEmpty: boolean): ClaimsAfter {
  const replaced: readonly string[] = source === "consul" && !isEmpty ? [source, "state-file"] : [source];
  return (claims, tier) => {
    const others: Claims = Object.fromEntries(
      Object.entries(claims).filter(([other]) => !replaced.includes(other)),
    );
    const after: Claims = tier === undefined ? others : { ...others, [source]: tier };
    return Object.keys(after).length === 0 ? undefined : canonicalClaims(after);
  };
}

/**
 * A heartbeat replaces every primary; one that it does not name leaves all lists. What Consul added as primary
 * while there was no leader becomes backup again at the first heartbeat that names one.
 */
export function claimsAfterHeartbeat(leaderKnown: boolean): ClaimsAfter {
  return (claims, tier) => {
    const consulTier = leaderKnown && claims.consul !== undefined ? "backup" : claims.consul;
    const consul: Claims = consulTier === undefined ? {} : { consul: consulTier };
    if (tier !== undefined) {
      return canonicalClaims({ ...consul, heartbeat: tier });
    }
    return isPrimaryByRight(claims) || consulTier === undefined ? undefined : canonicalClaims(consul);
  };
}

/** What is left of the claims on this server after a change of the configuration; `undefined`: nothing. */
export function claimsAfterConfiguration(
  claims: Claims,
  key: string,
  { configured, dropped, ended }: EventOf<"configuration-changed">,
): Claims | undefined {
  const isHeir = configured.has(key) && claims.heartbeat !== undefined && ended.has("heartbeat");
  const isDropped = dropped.has(key) && !configured.has(key);
  const kept = Object.entries(claims).filter(
    ([source]) => !(ended.has(source as Source) || (source === "static" && isDropped)),
  );
  const after: Claims = { ...Object.fromEntries(kept), ...(isHeir ? { static: "primary" } : {}) };
  return Object.keys(after).length === 0 ? undefined : canonicalClaims(after);
}

type Answers = Map<Claims, Claims | undefined>;

/** The same answers, each worked out once: 10,000 servers have some five kinds of canonical claims. */
export function remembered(claimsAfter: ClaimsAfter): ClaimsAfter {
  const answers: Record<Tier | "none", Answers> = {
    primary: new Map(),
    backup: new Map(),
    none: new Map(),
  };
  return (claims, tier) => {
    const known = answers[tier ?? "none"];
    const answer = known.get(claims);
    if (answer !== undefined || known.has(claims)) {
      return answer;
    }
    const worked = claimsAfter(claims, tier);
    known.set(claims, worked);
    return worked;
  };
}

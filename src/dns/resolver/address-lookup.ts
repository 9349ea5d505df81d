import type { Resolution } from "../../core/ports.ts";
import { followAliases, MAX_ALIASES } from "./alias-chain.ts";
import { type AskPolicy, askInOrder } from "./nameserver-failover.ts";
import type { Family } from "./query.ts";
import { ResolveError } from "./resolve-error.ts";

/**
 * The addresses of exactly this name. Both families are asked for at the same time, and one that fails does not fail the
 * other. IPv4 comes first: a machine without an IPv6 route would try the others in vain.
 * @throws ResolveError when there is no address at all: the failure that leaves the most hope.
 */
export async function addressesOf(
  name: string,
  policy: AskPolicy,
  signal: AbortSignal | undefined,
): Promise<Resolution> {
  const lookups = (["ipv4", "ipv6"] as const).map((family) => familyOf(name, family, policy, signal));
  const results = await Promise.allSettled(lookups);
  const found = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (found.length === 0) {
    const failures = results.flatMap((result) =>
      result.status === "rejected" ? [ResolveError.from(result.reason, "unreachable")] : [],
    );
    throw mostHopeful(failures);
  }
  return {
    addresses: found.flatMap(({ addresses }) => addresses),
    ttlSeconds: Math.min(...found.map(({ ttlSeconds }) => ttlSeconds)),
  };
}

/** A nameserver may end its answer with an alias that it can't follow: the target is asked for then. */
async function familyOf(
  name: string,
  family: Family,
  policy: AskPolicy,
  signal: AbortSignal | undefined,
): Promise<Resolution> {
  let asked = name;
  let aliasesLeft = MAX_ALIASES;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (;;) {
    const records = await askInOrder(asked, family, policy, signal);
    const end = followAliases(asked, family, records, aliasesLeft);
    ttlSeconds = Math.min(ttlSeconds, end.ttlSeconds);
    if (end.addresses.length > 0) {
      return { addresses: end.addresses, ttlSeconds };
    }
    if (end.name === asked) {
      throw new ResolveError("no-address", "the name exists and has no address");
    }
    asked = end.name;
    aliasesLeft = end.aliasesLeft;
  }
}

/** A failed nameserver may answer later, so the name may still have addresses; "no address" still says that it exists. */
function mostHopeful(failures: readonly ResolveError[]): ResolveError {
  return (
    failures.find((failure) => !failure.isAboutTheName) ??
    failures.find(({ code }) => code === "no-address") ??
    failures[0] ??
    new ResolveError("no-address", "no address")
  );
}

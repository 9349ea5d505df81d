import type { Resolution } from "../../core/ports.ts";
import { followAliases, MAX_ALIASES } from "./alias-chain.ts";
import type { LastAddresses } from "./last-addresses.ts";
import { type AskPolicy, askInOrder } from "./nameserver-failover.ts";
import type { Family } from "./query.ts";
import { ResolveError } from "./resolve-error.ts";

const FAMILIES = ["ipv4", "ipv6"] as const;

/**
 * Addresses that nobody could confirm are asked for again soon, but not so soon that a broken nameserver is asked all
 * the time.
 */
const UNCONFIRMED_TTL_SECONDS = 30;

/**
 * What a family has left once the other one has an answer: some nameservers never answer about AAAA, and 4 s and more
 * for two rounds would be too long for a server whose IPv4 address is known. One that has to ask the world answers
 * within a second.
 */
const OTHER_FAMILY_MS = 1_000;

/**
 * The addresses of exactly this name. Both families are asked for at the same time, and one that fails or is slow does
 * not fail the other: it keeps the addresses that it had, unless the answer is that it has none, and is asked for again
 * soon. IPv4 comes first: a machine without an IPv6 route would try the others in vain.
 * @throws ResolveError when neither family has an answer: the failure that leaves the most hope.
 */
export async function lookUpAddresses(
  name: string,
  policy: AskPolicy,
  last: LastAddresses,
  signal: AbortSignal | undefined,
): Promise<Resolution> {
  const slow = new AbortController();
  const ends = signal === undefined ? slow.signal : AbortSignal.any([signal, slow.signal]);
  const lookups = FAMILIES.map((family) => familyOf(name, family, policy, ends));
  const results = await settledTogether(lookups, slow);
  const failures = results.flatMap((result) =>
    result.status === "rejected" ? [ResolveError.from(result.reason, "unreachable")] : [],
  );
  if (failures.length === FAMILIES.length) {
    throw mostHopeful(failures);
  }
  const found = FAMILIES.map((family, index) => settled(name, family, results[index], last));
  return {
    addresses: found.flatMap(({ addresses }) => addresses),
    ttlSeconds: Math.min(...found.map(({ ttlSeconds }) => ttlSeconds)),
  };
}

/** All results; a time after the first that succeeds, `slow` ends the others. */
async function settledTogether<Value>(
  lookups: readonly Promise<Value>[],
  slow: AbortController,
): Promise<PromiseSettledResult<Value>[]> {
  let timer: NodeJS.Timeout | undefined;
  Promise.any(lookups).then(
    () => {
      timer = setTimeout(() => {
        slow.abort();
      }, OTHER_FAMILY_MS);
    },
    () => undefined,
  );
  const results = await Promise.allSettled(lookups);
  clearTimeout(timer);
  return results;
}

/** What a family has after its question, while the other one has an answer. */
function settled(
  name: string,
  family: Family,
  result: PromiseSettledResult<Resolution> | undefined,
  last: LastAddresses,
): Resolution {
  if (result?.status === "fulfilled") {
    last.remember(name, family, result.value.addresses);
    return result.value;
  }
  if (ResolveError.from(result?.reason, "unreachable").isAboutTheName) {
    last.forget(name, family);
    return { addresses: [], ttlSeconds: Number.POSITIVE_INFINITY };
  }
  return { addresses: last.of(name, family), ttlSeconds: UNCONFIRMED_TTL_SECONDS };
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

/**
 * A failed nameserver may answer later, so the name may still have addresses; "no address" still says that it exists.
 */
function mostHopeful(failures: readonly ResolveError[]): ResolveError {
  return (
    failures.find((failure) => !failure.isAboutTheName) ??
    failures.find(({ code }) => code === "no-address") ??
    failures[0] ??
    new ResolveError("no-address", "no address")
  );
}

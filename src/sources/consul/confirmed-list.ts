/**
 * The servers of one datacenter as far as they are confirmed. A wiped Consul answers an empty list for up to 75 s until
 * its services are registered again, and a stale list beats an empty one: an empty answer replaces a list only when
 * answers stayed empty for a hold time without an interruption.
 */
export interface ConfirmedList {
  readonly addresses: readonly string[];
  /** When, by `Clock.now`, an empty answer counts; `undefined` when none is pending. */
  readonly emptyUntil: number | undefined;
}

export const UNKNOWN_LIST: ConfirmedList = { addresses: [], emptyUntil: undefined };

/**
 * The list after an answer. One that may not confirm never empties: entries were hidden from the token, or there are
 * instances, but not one that can be used.
 */
export function confirmAnswer(
  list: ConfirmedList,
  answered: { readonly addresses: readonly string[]; readonly mayConfirm: boolean },
  nowMs: number,
  holdMs: number,
): ConfirmedList {
  if (answered.addresses.length > 0) {
    return { addresses: answered.addresses, emptyUntil: undefined };
  }
  if (list.addresses.length === 0) {
    return UNKNOWN_LIST;
  }
  if (!answered.mayConfirm) {
    return { addresses: list.addresses, emptyUntil: undefined };
  }
  const emptyUntil = list.emptyUntil ?? nowMs + holdMs;
  return nowMs >= emptyUntil ? UNKNOWN_LIST : { addresses: list.addresses, emptyUntil };
}

/** The list after a failure: what was not answered confirms nothing, so a pending hold starts over. */
export function interruptHold(list: ConfirmedList): ConfirmedList {
  return list.emptyUntil === undefined ? list : { addresses: list.addresses, emptyUntil: undefined };
}

/** While an empty answer waits to be confirmed, Consul is asked at least this often, in milliseconds. */
const MIN_WAIT_MS = 1_000;

/** Milliseconds that a query should wait: as configured, but no longer than a pending hold. */
export function waitWithin({ emptyUntil }: ConfirmedList, configuredMs: number, nowMs: number): number {
  return emptyUntil === undefined
    ? configuredMs
    : Math.min(configuredMs, Math.max(emptyUntil - nowMs, MIN_WAIT_MS));
}

/**
 * The index for the next blocking query, from Consul's rules for its clients.
 *
 * - An index that fell means that Consul's state was wiped or restored: start again at 0, which answers at once.
 * - An index of 0 would make the next query not wait at all: 1 waits for the first change.
 * - No index, from a proxy that drops headers: start again at 0; the pace limits how often.
 *
 * The index of a failed query is never adopted: Consul sends `X-Consul-Index: 1` with errors. The caller starts again
 * at 0 after a failure.
 */
export function nextIndex(previous: number, answered: number | undefined): number {
  if (answered === undefined) {
    return 0;
  }
  if (answered < previous) {
    return 0;
  }
  return Math.max(answered, 1);
}

/** What was found of one address of a server: that it answers, or why it does not. */
export type AddressFinding =
  | { readonly answers: true }
  | { readonly answers: false; readonly reason: string };

/** By address; of one that is not among them nothing is known. */
export type AddressFindings = ReadonlyMap<string, AddressFinding>;

export const NO_FINDINGS: AddressFindings = new Map();

/** Answering ones first, then those of which nothing is known; otherwise in the given order. */
export function bestFirst(addresses: readonly string[], findings: AddressFindings): readonly string[] {
  const rank = (address: string) => {
    const finding = findings.get(address);
    return finding === undefined ? 1 : finding.answers ? 0 : 2;
  };
  return addresses.toSorted((one, other) => rank(one) - rank(other));
}

/**
 * The addresses to give to others: those that answer; while none is known to answer, those that are not known to be
 * silent; while all are silent, all. `addresses` are best first.
 */
export function namedOf(addresses: readonly string[], findings: AddressFindings): readonly string[] {
  const answering = addresses.filter((address) => findings.get(address)?.answers === true);
  const unknown = addresses.filter((address) => !findings.has(address));
  return answering.length > 0 ? answering : unknown.length > 0 ? unknown : addresses;
}

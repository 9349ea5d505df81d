import { ResolveError } from "./resolve-error.ts";

/** RFC 1035, section 3.1: 255 octets on the wire are 253 characters of text. */
const MAX_NAME_LENGTH = 253;

/**
 * The names to ask for, in order, as resolv.conf(5) says: a name with at least `ndots` dots as it is and then with each
 * search domain; a shorter one the other way round; one with a final dot only as it is. Names that would be too long
 * are left out.
 * @throws ResolveError `name-invalid` when `host` is no DNS name.
 */
export function namesToAsk(
  host: string,
  { search, ndots }: { readonly search: readonly string[]; readonly ndots: number },
): readonly string[] {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (!isHostName(name)) {
    throw new ResolveError("name-invalid", `expected a DNS name of at most ${MAX_NAME_LENGTH} characters`);
  }
  if (host.endsWith(".")) {
    return [name];
  }
  const longer = search
    .map((domain) => `${name}.${domain}`)
    .filter((candidate) => candidate.length <= MAX_NAME_LENGTH);
  const dots = name.split(".").length - 1;
  return dots >= ndots ? [name, ...longer] : [...longer, name];
}

// dns2 writes what it is given, cutting characters to 8 bits and dropping empty labels: it must be given names only.
function isHostName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && name.split(".").every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
}

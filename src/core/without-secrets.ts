/**
 * For what somebody wrote in the wrong place or in a wrong form: an error says where it stands, and must not give it
 * away.
 */

/** An address without what may stand before its `@` or behind its `?` and `#`. */
export function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, "$1…@").replace(/[?#].*$/s, "?…");
}

/** Without what looks like a token or a key, too. A name that looks like one is hidden as well. */
export function withoutSecrets(text: string): string {
  return withoutTokens(withoutCredentials(text));
}

/** Of a sentence: its words stay. */
export function withoutTokens(text: string): string {
  return text
    .replace(/-----BEGIN.*$/s, "…")
    .replace(/[\w+=~-]{16,}/g, (word) => (looksLikeToken(word) ? "…" : word));
}

/**
 * A UUID changes between letters and digits about 15 times, 20 random letters and digits 5 times, `ip-10-0-0-1-eu`
 * twice.
 */
const FEWEST_CHANGES = 4;

/** Words of people, and of ours, are shorter: `conns_per_second_per_server` has 27. */
const LONGEST_WORD = 40;

function looksLikeToken(word: string): boolean {
  const changes = word.replace(/[^a-z\d]/gi, "").match(/(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)/gi) ?? [];
  return word.length > LONGEST_WORD || changes.length >= FEWEST_CHANGES;
}

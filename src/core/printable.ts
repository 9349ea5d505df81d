/**
 * Text from outside as one printable line: for every place that shows it, whoever wrote it. Control bytes, line ends,
 * unpaired surrogates and characters that no one sees or that turn the direction of the text become `\\u{…}`; what is
 * too long is cut.
 */
export function printable(text: string, longest = LONGEST_TEXT): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Characters that a reason, a name or an address may have: Nomad's longest usual error text has about 150. */
export const LONGEST_TEXT = 300;

/**
 * Control, format (U+202E, U+FEFF …), unpaired surrogate, private and unassigned characters; line and paragraph
 * separators.
 */
const UNPRINTABLE = /[\p{C}\u2028\u2029]/gu;

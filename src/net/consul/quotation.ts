import { printable } from "../../core/printable.ts";

/** Text of the far side as it may be shown: without the token, on one line, escaped and cut. */
export type Quote = (text: string, longest?: number) => string;

/**
 * The quote for an exchange that carries this token. Hides it before anything is cut, so that no half of it is left.
 */
export function quoteWithout(secret: string | undefined): Quote {
  return (text, longest) => printable(hide(text, secret).replaceAll(/\s+/g, " ").trim(), longest);
}

/** The text without the token, whether it is written there as it is, in another case, within JSON, or in a URL. */
export function hide(text: string, secret: string | undefined): string {
  if (secret === undefined || secret === "") {
    return text;
  }
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  return text.replaceAll(new RegExp(forms.map(literally).join("|"), "gi"), "<hidden>");
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

import { printable } from "../core/printable.ts";
import { withoutTokens } from "../core/without-secrets.ts";

/** The path of a file that holds a secret, for errors: unless it is no path, but perhaps the secret itself. */
export function shownPath(path: string): string {
  const isPath = /^\.{0,2}\//.test(path) && !/[\r\n]|-----/.test(path);
  const isName = /^[\w./-]+\.\w{1,5}$/.test(path) && withoutTokens(path) === path;
  return isPath || isName ? printable(path) : "…";
}

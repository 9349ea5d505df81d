import { printable } from "../core/printable.ts";

/** Of one text; the longest usual one, a list of addresses or what a setting could be, has about 500 characters. */
const LONGEST_TEXT = 1_000;

const LONGEST_KEY = 100;
const MOST_ENTRIES = 20;
const DEEPEST = 3;

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/**
 * A copy of what is logged that is safe to show: each text, key or value, is printable and cut; lists and mappings are
 * cut, too. A stack trace, which has a frame on each line, becomes a list.
 */
export function presentable(value: unknown, depth = 0): unknown {
  if (typeof value === "string") {
    return printable(value, LONGEST_TEXT);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (depth === DEEPEST) {
    return "…";
  }
  if (isList(value)) {
    const shown = value.slice(0, MOST_ENTRIES).map((entry) => presentable(entry, depth + 1));
    return value.length > MOST_ENTRIES ? [...shown, `… and ${value.length - MOST_ENTRIES} more`] : shown;
  }
  const entries = Object.entries(value);
  const shown = entries.slice(0, MOST_ENTRIES).map(([key, field]: [string, unknown]): [string, unknown] => {
    const lines = key === "stack" && typeof field === "string" ? field.split("\n") : field;
    return [printable(key, LONGEST_KEY), presentable(lines, depth + 1)];
  });
  const left = entries.length - shown.length;
  return Object.fromEntries(left > 0 ? [...shown, ["…", `and ${left} more`]] : shown);
}

import { createHash } from "node:crypto";
import { isObject } from "./known-keys.ts";
import { heldAtRestart } from "./restart-keys.ts";
import type { Settings } from "./schema.ts";

/**
 * Tells configurations apart: the same for the same settings, wherever they are written and in whatever order. Of a
 * secret it holds only that there is one: nobody can try out secrets on it. 16 hexadecimal digits.
 */
export function settingsHash(settings: Settings): string {
  return hashOf(settings);
}

/** The same for settings that a reload turns into each other. */
export function restartHash(settings: Settings): string {
  return hashOf(heldAtRestart(settings));
}

function hashOf(value: object): string {
  return createHash("sha256").update(JSON.stringify(value, canonical)).digest("hex").slice(0, 16);
}

function canonical(key: string, value: unknown): unknown {
  if (key === "token" && value !== null) {
    return true;
  }
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

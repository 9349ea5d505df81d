import type { Settings } from "./schema.ts";

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The keys whose values are not the same, as `pools.web.health.interval`; never a value, which may be a secret. */
export function differingKeys(before: Settings, after: Settings): readonly string[] {
  return differing(before, after, []);
}

function differing(before: unknown, after: unknown, path: readonly string[]): readonly string[] {
  if (!isMapping(before) || !isMapping(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [path.join(".")];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differing(own(before, key), own(after, key), [...path, key]));
}

/** How many keys of `after` have the value that they had. */
export function sameKeys(before: unknown, after: unknown): number {
  if (!isMapping(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? 1 : 0;
  }
  const was = isMapping(before) ? before : {};
  return Object.keys(after).reduce((sum, key) => sum + sameKeys(own(was, key), after[key]), 0);
}

function own(mapping: Mapping, key: string): unknown {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}

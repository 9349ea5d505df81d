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

function own(mapping: Mapping, key: string): unknown {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}

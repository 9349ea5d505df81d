/**
 * Keys that every object has already. To set one may change what it is: `result["__proto__"] = …` replaces its
 * prototype.
 */
const RESERVED_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

export const NO_SUCH_KEY = "can't be the name of a key";

interface Place {
  readonly value: unknown;
  readonly key?: string;
  readonly above?: Place;
}

/** The path of such a key in plain values from outside, of any depth. */
export function reservedKeyIn(values: unknown): readonly string[] | undefined {
  const seen = new Set<unknown>();
  const waiting: Place[] = [{ value: values }];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { value } = place;
    if (typeof value !== "object" || value === null || seen.has(value)) {
      continue;
    }
    seen.add(value);
    for (const [key, below] of Object.entries(value)) {
      if (RESERVED_KEYS.includes(key)) {
        return pathTo({ value: below, key, above: place });
      }
      waiting.push({ value: below, key, above: place });
    }
  }
  return undefined;
}

function pathTo(place: Place): string[] {
  const path: string[] = [];
  for (let at: Place | undefined = place; at?.key !== undefined; at = at.above) {
    path.unshift(at.key);
  }
  return path;
}

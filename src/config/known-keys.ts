/** The keys that the configuration has, read off its defaults, where every key has a value. */
import { settingsSchema } from "./schema.ts";

type Path = readonly PropertyKey[];

/** With `tls`, whose default is none. */
const SAMPLE = settingsSchema.parse({ pools: { nomad: { tls: {} } } });

/** Here `null` is no empty section: without Consul, without TLS. */
const NULL_IS_MEANT: readonly unknown[] = ["backups", "tls"];

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Without the sections and lists that are `null`, as one whose keys are all in comments is: it says nothing. */
export function withoutEmptySections(values: unknown, path: Path = []): unknown {
  const sample = sampleAt(path);
  const isSection = isObject(sample) || Array.isArray(sample);
  if (values === null && isSection && !NULL_IS_MEANT.includes(path.at(-1))) {
    return undefined;
  }
  if (!isObject(values) || !isSection) {
    return values;
  }
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, withoutEmptySections(value, [...path, key])]),
  );
}

/**
 * What to write in place of an unknown key: the keys that may stand there, and where else there is one of this name.
 */
export function expectedInPlaceOf(path: Path): string {
  const key = String(path.at(-1));
  const sample = sampleAt(path.slice(0, -1));
  const here = isObject(sample) ? `, expected one of ${Object.keys(sample).join(", ")}` : "";
  const poolName = path[0] === "pools" && path.length > 2 ? String(path[1]) : undefined;
  const elsewhere = placesOf(key, SAMPLE, [])
    .filter(([section]) => poolName === undefined || section === "pools")
    .map((place) => (place[0] === "pools" ? place.with(1, poolName ?? "*") : place).join("."));
  return elsewhere.length === 0 ? here : `${here}; there is ${elsewhere.join(", ")}`;
}

function sampleAt([section, poolName, ...rest]: Path): unknown {
  const path = [section, section === "pools" && poolName !== undefined ? "nomad" : poolName, ...rest];
  let sample: unknown = SAMPLE;
  for (const key of path.filter((part) => part !== undefined)) {
    sample = isObject(sample) && Object.hasOwn(sample, key) ? sample[String(key)] : undefined;
  }
  return sample;
}

function placesOf(key: string, sample: unknown, path: readonly string[]): string[][] {
  return isObject(sample)
    ? Object.entries(sample).flatMap(([name, below]) => [
        ...(name === key && path.length > 0 ? [[...path, name]] : []),
        ...placesOf(key, below, [...path, name]),
      ])
    : [];
}

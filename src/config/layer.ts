/**
 * Layers of configuration: files, environment and flags, merged in order, each value remembering where it came from.
 */

import { withoutTokens } from "../core/without-secrets.ts";
import { ConfigError } from "./config-error.ts";
import { expectedInPlaceOf, isObject, withoutEmptySections } from "./known-keys.ts";
import { NO_SUCH_KEY, reservedKeyIn } from "./reserved-keys.ts";
import { type Config, optionsOf, type Settings, settingsSchema } from "./schema.ts";

/** One source of settings. Later layers win. */
export interface Layer {
  /** A file's path, `flag --dns-address`, `environment CONSUL_HTTP_ADDR`. */
  readonly origin: string;
  readonly values: unknown;
  /** For flags and environment the origin alone says which value it is. */
  readonly namesItself?: boolean;
}

type Path = readonly PropertyKey[];

function merged(under: unknown, over: unknown): unknown {
  if (!isObject(under) || !isObject(over)) {
    return over === undefined ? under : over;
  }
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    result[key] = merged(Object.hasOwn(under, key) ? under[key] : undefined, value);
  }
  return result;
}

function has(values: unknown, path: Path): boolean {
  const below = valueAt(values, path.slice(0, -1));
  const key = path.at(-1);
  return key === undefined || (typeof below === "object" && below !== null && Object.hasOwn(below, key));
}

/** `undefined` where there is none. */
export function valueAt(values: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    values,
  );
}

/** A key that is none, as in `{token:secret}` without a space, may be a secret. */
function shownKeys(path: Path): string {
  return path
    .map(String)
    .map((key) => (/^([\w-]{1,63}|\*)$/.test(key) && withoutTokens(key) === key ? key : "…"))
    .join(".");
}

function whereIs(path: Path, layers: readonly Layer[]): string {
  const layer = layers.findLast(({ values }) => has(values, path)) ?? layers.at(-1);
  if (layer === undefined) {
    return shownKeys(path);
  }
  return layer.namesItself || path.length === 0 ? layer.origin : `${layer.origin}: ${shownKeys(path)}`;
}

/** What the last layer that has this key says under it, as it is written; `undefined` when it is in none. */
export function writtenAt(path: Path, layers: readonly Layer[]) {
  const layer = layers.findLast(({ values }) => has(values, path));
  return layer && { value: valueAt(layer.values, path), origin: layer.origin };
}

/** Merges and checks. @throws ConfigError for the first mistake. */
export function configOf(layers: readonly Layer[]): Config {
  return optionsOf(settingsOf(layers));
}

/** The same, as a file would write it. @throws ConfigError for the first mistake. */
export function settingsOf(layers: readonly Layer[]): Settings {
  for (const { origin, values } of layers) {
    if (!isObject(values)) {
      throw new ConfigError(origin, "expected a mapping of keys to values");
    }
    const reserved = reservedKeyIn(values);
    if (reserved !== undefined) {
      throw new ConfigError(`${origin}: ${shownKeys(reserved)}`, NO_SUCH_KEY);
    }
  }
  const result = settingsSchema.safeParse(
    layers.reduce<unknown>((under, { values }) => merged(under, withoutEmptySections(values)), {}),
  );
  if (result.success) {
    return result.data;
  }
  const issue = result.error.issues[0];
  if (issue?.code === "unrecognized_keys") {
    const path = [...issue.path, issue.keys[0] ?? ""];
    throw new ConfigError(whereIs(path, layers), `unknown key${expectedInPlaceOf(path)}`);
  }
  const path = issue?.path ?? [];
  const problem = issue?.code === "invalid_key" ? issue.issues[0]?.message : issue?.message;
  throw new ConfigError(whereIs(path, layers), problem ?? "not valid");
}

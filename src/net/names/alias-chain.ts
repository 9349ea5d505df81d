import type { Family } from "./query.ts";
import type { AnswerRecord } from "./reply.ts";
import { ResolveError } from "./resolve-error.ts";

/** Real chains have two or three links, a content network's up to six; BIND gives up after 16. */
export const MAX_ALIASES = 16;

/** Where an answer leads: to addresses, or to a name (the one asked for, or an alias's target) without any. */
export interface ChainEnd {
  readonly name: string;
  readonly addresses: readonly string[];
  /** The least of the records that led here; infinite when there was none. */
  readonly ttlSeconds: number;
  readonly aliasesLeft: number;
}

/**
 * Follows `name` through the aliases of one answer. Records that are not on the way are not used, whatever they say.
 * @throws ResolveError `alias-loop` after `aliasesLeft` aliases.
 */
export function followAliases(
  name: string,
  family: Family,
  records: readonly AnswerRecord[],
  aliasesLeft: number,
): ChainEnd {
  const owned = records.filter(({ owner }) => owner === name);
  const found = owned
    .filter((record) => record.kind === "address")
    .filter((record) => record.family === family);
  const alias = owned.find((record) => record.kind === "alias");
  if (found.length > 0 || alias === undefined) {
    return {
      name,
      addresses: [...new Set(found.map(({ address }) => address))],
      ttlSeconds: Math.min(...found.map(({ ttlSeconds }) => ttlSeconds)),
      aliasesLeft,
    };
  }
  if (aliasesLeft === 0) {
    throw new ResolveError("alias-loop", `more than ${MAX_ALIASES} aliases`);
  }
  const end = followAliases(alias.target, family, records, aliasesLeft - 1);
  return { ...end, ttlSeconds: Math.min(alias.ttlSeconds, end.ttlSeconds) };
}

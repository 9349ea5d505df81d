/** The text of a configuration file, YAML or JSON, as plain values. */
import { createRequire } from "node:module";
import { extname } from "node:path";
import { duplicateKey } from "../core/duplicate-key.ts";
import type * as yaml from "./yaml-document.ts";

/** What a configuration has fits in; whatever is deeper is looked at by YAML's parser, which has a limit of its own. */
const MAX_DEPTH = 16;

/**
 * A key with nothing behind it, or only comments, gets `undefined`: it says nothing. A `null` that is written out
 * stays.
 * @throws ConfigError that says where, and never shows a piece of the text, which may be a secret.
 */
export function documentValues(path: string, text: string): unknown {
  return plainJson(text) ?? yamlDocument().yamlValues(path, text);
}

/**
 * An object of JSON that means the same in YAML. `undefined` for whatever else there is: then YAML's parser knows what
 * it means, or says where the mistake is.
 */
function plainJson(text: string): object | undefined {
  if (!text.trimStart().startsWith("{")) {
    return undefined;
  }
  try {
    const values = JSON.parse(text) as object;
    return isPlain(values, MAX_DEPTH) && duplicateKey(text) === undefined ? values : undefined;
  } catch {
    return undefined;
  }
}

/** A key of YAML that takes over another mapping. */
const MERGE = "<<";

function isPlain(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) {
    return true;
  }
  const members = Object.values(value);
  return levels > 0 && !Object.hasOwn(value, MERGE) && members.every((member) => isPlain(member, levels - 1));
}

const require = createRequire(import.meta.url);

/** Loaded when needed: 5 MB and 20 ms. Its extension is that of this file: `.ts` in the sources, `.js` when built. */
function yamlDocument(): typeof yaml {
  return require(`./yaml-document${extname(import.meta.url)}`) as typeof yaml;
}

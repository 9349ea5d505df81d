/** The text of a configuration file in YAML, which JSON is a part of, as plain values. */
import { type Document, isAlias, isScalar, LineCounter, parseDocument, Scalar, visit } from "yaml";
import { ConfigError } from "./config-error.ts";

/**
 * A key with nothing behind it, or only comments, gets `undefined`: it says nothing. A `null` that is written out
 * stays.
 * @throws ConfigError that says where, and never shows a piece of the text, which may be a secret.
 */
export function yamlValues(path: string, text: string): unknown {
  const lines = new LineCounter();
  const mistakeAt = (offset: number | undefined, problem: string) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return new ConfigError(`${path}:${line}:${col}`, `expected YAML or JSON: ${problem}`);
  };
  // What YAML only warns of is a mistake here: a tag such as `!vault` would make its text the value.
  const document = parseDocument(text, { merge: true, lineCounter: lines, logLevel: "error" });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    throw mistakeAt(problem.pos[0], OWN_WORDS[problem.code] ?? withoutQuotation(problem.message));
  }
  prepare(document, mistakeAt);
  try {
    return document.toJS() ?? {};
  } catch (error) {
    const reason = REASONS.find((known) => error instanceof Error && error.message.startsWith(known));
    throw new ConfigError(path, `expected YAML or JSON: ${reason ?? "it can't be read"}`, { cause: error });
  }
}

/** Of `Not a YAML token: s3cret at line 1, column 6:` and the line itself, what stands before the first colon. */
function withoutQuotation(message: string): string {
  return message.split(/ at line |\n|(?<! ): /)[0] ?? "";
}

/** For mistakes whose own message shows what was written, or tells programmers what to call. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  BAD_COLLECTION_TYPE: "Tag of another kind of value",
  BAD_DIRECTIVE: "Unknown directive: a line that begins with %",
  BAD_DQ_ESCAPE: "Invalid escape sequence between double quotes",
  MULTIPLE_DOCS: "More than one document: expected one in each file",
  RESOURCE_EXHAUSTION: "Nested too deeply",
  TAG_RESOLVE_FAILED: "Unknown tag: a value that begins with ! needs quotes",
};

/** What shows only when values are made, as the library says it. */
const REASONS = ["Merge sources must be maps or map aliases", "Excessive alias count"];

type MistakeAt = (offset: number | undefined, problem: string) => ConfigError;

function prepare(document: Document.Parsed, mistakeAt: MistakeAt): void {
  visit(document, {
    Alias: (_key, alias, ancestors) => {
      const target = alias.resolve(document);
      if (target === undefined) {
        const problem = "Unresolved alias (the anchor must be set before the alias)";
        throw mistakeAt(alias.range?.[0], problem);
      }
      if (ancestors.includes(target)) {
        throw mistakeAt(alias.range?.[0], "An alias of what it stands in");
      }
    },
    Pair: (_key, pair) => {
      if (!isScalar(pair.key) && !isAlias(pair.key)) {
        throw mistakeAt(offsetOf(pair.key), "A key that is a mapping or a list");
      }
      if (pair.value === null || isUnwritten(pair.value)) {
        pair.value = new Scalar(undefined);
      }
    },
  });
}

function isUnwritten(value: unknown): boolean {
  return isScalar(value) && value.value === null && (value.source ?? "") === "" && value.tag === undefined;
}

function offsetOf(node: unknown): number | undefined {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : undefined;
}

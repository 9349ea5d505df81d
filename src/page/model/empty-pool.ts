/** What a pool without servers waits for, and what one would write to give it one. */
import { sourceInWords, sourceStateInWords } from "../../core/list-words.ts";
import type { PoolReply, SourceReply } from "./replies.ts";
import { factsOf, sourcesOf } from "./sources.ts";

export interface Help {
  /** A line for each source. */
  readonly waits: readonly string[];
  /** Lines of a configuration file, each with what it would do. */
  readonly lines: readonly { readonly line: string; readonly what: string }[];
}

export function helpFor({ name, sources }: Pick<PoolReply, "name" | "sources">, now: number): Help {
  const known = sourcesOf(sources);
  const key = /^[A-Za-z][\w-]*$/.test(name) ? name : JSON.stringify(name);
  const consul = known.find(([source]) => source === "consul");
  return {
    waits:
      known.length === 0
        ? ["No source is configured for this pool."]
        : known.map(([source, facts]) => waitInWords(source, facts, now)),
    lines: [
      {
        line: `pools: { ${key}: { servers: ["10.0.0.1:4647"] } }`,
        what: "names servers yourself; they are primaries from the start on",
      },
      {
        line: `pools: { ${key}: { backups: { service: ${key} } } }`,
        what:
          consul === undefined
            ? "asks Consul for the instances of a service"
            : "says which service in Consul: its instances need to pass their checks, and to have the tag where one is set",
      },
    ],
  };
}

function waitInWords(source: string, facts: SourceReply, now: number): string {
  const name = sourceInWords(source);
  if (facts.state === "ok") {
    return facts.servers === 0
      ? `${name} answers and lists no server.`
      : `${name} answers; what it names is not listed.`;
  }
  const { rest, word } = sourceStateInWords(factsOf(facts), now);
  return `${name}: ${word === undefined ? "" : "fails, "}${rest}.`;
}

/** The tables of docs/configuration.md as text. */
import { stringify } from "yaml";
import { needsRestart } from "../../src/config/restart-keys.ts";
import type { DefaultOfKey, DescribedKey, DescribedSection } from "./described-keys.ts";
import type { OtherWay } from "./other-ways.ts";

const BEGIN = "<!-- Written by `npm run config-reference`: begin -->";
const END = "<!-- Written by `npm run config-reference`: end -->";

export interface Reference {
  readonly sections: readonly DescribedSection[];
  readonly flags: readonly OtherWay[];
  readonly variables: readonly OtherWay[];
}

/** The page with what stands between its two markers replaced. @throws Error when it has not got both. */
export function withTables(page: string, reference: Reference): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`expected the lines ${BEGIN} and ${END}`);
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tablesOf(reference)}\n\n${page.slice(end)}`;
}

function tablesOf({ sections, flags, variables }: Reference): string {
  const ways = [
    ...flags.map((way) => ({ ...way, kind: "Flag" })),
    ...variables.map((way) => ({ ...way, kind: "Variable" })),
  ];
  const waysTo = (key: string) =>
    ways.filter((way) => way.key === key).map(({ kind, name }) => `${kind} ${code(name)}.`);
  return [
    "## Keys",
    ...sections.flatMap((section) => [
      ...headOf(section),
      ...(section.keys.length === 0 ? [] : [keyTable(section.keys, waysTo)]),
    ]),
    "## Flags of `headwaiter agent`",
    table(
      ["flag", "sets", "or does"],
      flags.map(({ written, key, note }) => [code(written), key === undefined ? "" : code(key), note]),
    ),
    "## Environment variables",
    table(
      ["variable", "sets", "and"],
      variables.map(({ written, key, note }) => [code(written), key === undefined ? "" : code(key), note]),
    ),
  ].join("\n\n");
}

function headOf({ path, description, default: value }: DescribedSection): string[] {
  const sentences = [description, ...(value === undefined ? [] : [`Default: ${shown(value)}.`])];
  return path === "" ? [] : [`### ${code(path)}`, sentences.join(" ")];
}

function keyTable(keys: readonly DescribedKey[], waysTo: (key: string) => readonly string[]): string {
  return table(
    ["key", "value", "default", "for example", "what it does"],
    keys.map((key) => [
      code(key.path),
      key.secret ? `**secret**: ${key.value}` : key.value,
      defaultText(key.default),
      `${key.taken.map(shown).join(" or ")}, not ${shown(key.refused)}`,
      [
        key.description,
        ...(needsRestart(key.path) ? ["A change waits for a restart."] : []),
        ...waysTo(key.path),
      ].join(" "),
    ]),
  );
}

function defaultText(value: DefaultOfKey): string {
  switch (value.kind) {
    case "same":
      return shown(value.value);
    case "by-pool":
      return `${shown(value.others)}; ${shown(value.nomad)} for the pool \`nomad\``;
    case "name-of-pool":
      return "the name of the pool";
  }
}

/** As a file may write it behind the key, on one line. */
function shown(value: unknown): string {
  const text = stringify(value, { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 });
  return code(text.trimEnd());
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

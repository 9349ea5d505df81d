import type { CompletedCommand, CompletedOption, Value } from "./words.ts";

/** For `~/.config/fish/completions/headwaiter.fish`, or to be sourced. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ description, name, options, words }) => [
    complete("__fish_use_subcommand", `-a ${name} -d ${quoted(description)}`),
    ...options.map((option) => complete(`__fish_seen_subcommand_from ${name}`, optionText(option))),
    ...(words.length === 0
      ? []
      : [complete(`__fish_seen_subcommand_from ${name}`, `-a ${quoted(words.join(" "))}`)]),
  ]);
  return `# fish completion of headwaiter: headwaiter completion fish | source
complete -c headwaiter -f
${lines.join("\n")}
`;
}

function complete(condition: string, rest: string): string {
  return `complete -c headwaiter -n '${condition}' ${rest}`;
}

function optionText({ description, names, value }: CompletedOption): string {
  const flags = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...flags, ...argument(value), "-d", quoted(description)].join(" ");
}

function argument(value: Value): readonly string[] {
  switch (value.kind) {
    case "file":
      return ["-r", "-F"];
    case "pool":
      return ["-x", "-a", "'(headwaiter completion pools 2>/dev/null)'"];
    case "words":
      return ["-x", "-a", quoted(value.words.join(" "))];
    case "free":
      return ["-x"];
    case "none":
      return [];
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

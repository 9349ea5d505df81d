/** What there is to complete, read off the commands themselves: a script can't know a command that is not there. */
import type { Command, Option } from "commander";

/** What follows an option. */
export type Value =
  | { readonly kind: "none" }
  | { readonly kind: "free" }
  | { readonly kind: "file" }
  | { readonly kind: "pool" }
  | { readonly kind: "words"; readonly words: readonly string[] };

export interface CompletedOption {
  /** `-o`, `--output`. */
  readonly names: readonly string[];
  readonly description: string;
  readonly value: Value;
}

export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** Its argument's name, where it takes one. */
  readonly argument: string | undefined;
  /** What the argument may be; none: anything. */
  readonly words: readonly string[];
}

export function completedCommands(program: Command): readonly CompletedCommand[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command.options.filter(({ hidden }) => !hidden).map(completedOption),
    argument: command.registeredArguments[0]?.name(),
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }));
}

function completedOption(option: Option): CompletedOption {
  const { description, long, short } = option;
  const names = [short, long].filter((name) => typeof name === "string");
  return { names, description, value: valueAfter(option) };
}

function valueAfter({ argChoices, flags, long, optional, required }: Option): Value {
  if (!required && !optional) {
    return { kind: "none" };
  }
  if (argChoices !== undefined) {
    return { kind: "words", words: argChoices };
  }
  if (long === "--pool") {
    return { kind: "pool" };
  }
  return /<(path|file)>/.test(flags) ? { kind: "file" } : { kind: "free" };
}

import type { CompletedCommand, CompletedOption, Value } from "./words.ts";

/** For a folder of `fpath`, as `_headwaiter`, or to be sourced after `compinit`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef headwaiter
# zsh completion of headwaiter: source <(headwaiter completion zsh), after compinit
_headwaiter_pools() {
  local -a pools
  pools=(\${(f)"$(headwaiter completion pools 2>/dev/null)"})
  compadd -a pools
}
_headwaiter() {
  local -a commands
  commands=(
${commands.map(({ description, name }) => `    ${quoted(`${name}:${description}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}
if [ "$funcstack[1]" = _headwaiter ]; then
  _headwaiter "$@"
else
  compdef _headwaiter headwaiter
fi
`;
}

function commandCase({ argument, name, options, words }: CompletedCommand): string {
  const specs = [
    ...options.flatMap(optionSpecs),
    ...(argument === undefined
      ? []
      : [quoted(`1:${argument}:${words.length === 0 ? " " : `(${words.join(" ")})`}`)]),
  ];
  return `    ${name}) _arguments ${specs.join(" ")} ;;`;
}

function optionSpecs({ description, names, value }: CompletedOption): readonly string[] {
  const text = description.replace(/[[\]:\\]/g, "\\$&");
  return names.map((name) => quoted(`*${name}[${text}]${action(value)}`));
}

function action(value: Value): string {
  switch (value.kind) {
    case "file":
      return ":file:_files";
    case "pool":
      return ":pool:_headwaiter_pools";
    case "words":
      return `:value:(${value.words.join(" ")})`;
    case "free":
      return ":value: ";
    case "none":
      return "";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

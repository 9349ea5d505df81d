import type { CompletedCommand, CompletedOption, Value } from "./words.ts";

/** Needs nothing but bash. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# bash completion of headwaiter: source <(headwaiter completion bash)
_headwaiter() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")}" -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]}:$previous in
${commands.flatMap(valueCases).join("\n")}
  esac
  case \${COMP_WORDS[1]} in
${commands.map(wordsCase).join("\n")}
  esac
}
complete -F _headwaiter headwaiter
`;
}

function valueCases({ name, options }: CompletedCommand): readonly string[] {
  return options
    .filter(({ value }) => value.kind !== "none")
    .map(({ names, value }) => {
      const pattern = names.map((option) => `${name}:${option}`).join(" | ");
      return `    ${pattern}) ${generated(value)}; return ;;`;
    });
}

function generated(value: Value): string {
  switch (value.kind) {
    case "file":
      return 'mapfile -t COMPREPLY < <(compgen -f -- "$word")';
    case "pool":
      return 'COMPREPLY=($(compgen -W "$(headwaiter completion pools 2>/dev/null)" -- "$word"))';
    case "words":
      return `COMPREPLY=($(compgen -W "${value.words.join(" ")}" -- "$word"))`;
    case "free":
    case "none":
      return ":";
  }
}

function wordsCase({ name, options, words }: CompletedCommand): string {
  const all = [...words, ...options.flatMap(longest)].join(" ");
  return `    ${name}) COMPREPLY=($(compgen -W "${all}" -- "$word")) ;;`;
}

function longest({ names }: CompletedOption): string {
  return names.at(-1) ?? "";
}

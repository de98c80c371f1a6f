/**
 * Completions in bash, from version 3.2 on.
 *
 * @module
 */

import { type Argument, completedCommands, type CompletedOption, completedOptions } from "./words.ts";

/** Writes the script. */
export function writeBashCompletions(): string {
  const names = completedCommands.map(({ name }) => name);
  const flags = completedCommands.map(({ name, options }) =>
    `    ${name}) flags="${options.flatMap(({ flags }) => flags).join(" ")}" ;;`
  );
  const words = completedCommands.flatMap(({ name, arguments: words }) =>
    Array.isArray(words) ? [`    ${name}) words="${words.join(" ")}" ;;`] : []
  );
  return `# Completions of m2m for bash.
_m2m() {
  local command="" flags="" words="" index
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  # bash splits --flag=value into three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "\${COMP_WORDS[index]}" in
    --)
      # A program, and its own arguments. Paths are bash's own matter.
      if ((index + 1 == COMP_CWORD)); then
        [[ $current == */* ]] || COMPREPLY=($(compgen -c -- "$current"))
      elif declare -F _command_offset >/dev/null; then
        _command_offset $((index + 1))
      fi
      return
      ;;
    ${names.join(" | ")}) [[ -z $command ]] && command="\${COMP_WORDS[index]}" ;;
    esac
  done
  case "$command" in
  ${""}"")
    compopt +o default 2>/dev/null
    COMPREPLY=($(compgen -W "${names.join(" ")} --help --version" -- "$current"))
    return
    ;;
${flags.join("\n")}
  esac
  case "$command $previous" in
${writeArguments().join("\n")}
  esac
  case "$command" in
${words.join("\n")}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n $words ]]; then
    compopt +o default 2>/dev/null
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F _m2m m2m
`;
}

/** What stands behind each option. Where nothing is returned, bash completes files, and quotes them as it must. */
function writeArguments(): string[] {
  const byText = Map.groupBy(
    completedOptions.filter(({ argument }) => argument !== "none"),
    ({ argument }) => writeArgument(argument),
  );
  return [...byText].map(([text, options]) => `  ${options.flatMap(listPatterns).join(" | ")})\n${text}\n    ;;`);
}

function writeArgument(argument: Argument): string {
  if (argument === "file") return "    return";
  const none = "    compopt +o default 2>/dev/null\n";
  if (typeof argument === "string") return `${none}    return`;
  return `${none}    COMPREPLY=($(compgen -W "${argument.join(" ")}" -- "$current"))\n    return`;
}

/** An option of all that take it is written without its commands. */
function listPatterns({ flags, commands }: CompletedOption): string[] {
  const isOnce = completedOptions.filter((other) => other.flags.at(-1) === flags.at(-1)).length === 1;
  return flags.flatMap((flag) => isOnce ? [`*" ${flag}"`] : commands.map((command) => `"${command} ${flag}"`));
}

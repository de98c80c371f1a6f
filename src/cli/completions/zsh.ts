/**
 * Completions in zsh.
 *
 * @module
 */

import { completedCommands, type CompletedOption, quote } from "./words.ts";

/** Writes the script: for a file `_m2m` in `$fpath`, or for `source <(m2m completions zsh)`. */
export function writeZshCompletions(): string {
  const commands = completedCommands.map(({ name, help }) => `    ${quote(`${name}:${help.replaceAll(":", "\\:")}`)}`);
  const cases = completedCommands.map(({ name, options, arguments: words }) => {
    const rest = words === "program"
      ? ["'*:::program:_normal'"]
      : words
      ? [quote(`1:${name}:(${words.join(" ")})`)]
      : name === "fetch" || name === "doctor"
      ? ["'1:URL:_urls'"]
      : [];
    const specs = [...options.map(writeOption), ...rest].map((spec) => `        ${spec}`).join(" \\\n");
    return `    (${name})\n      _arguments -s -S \\\n${specs}\n      ;;`;
  });
  return `#compdef m2m
# Completions of m2m for zsh.
_m2m() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${commands.join("\n")}
  )
  _arguments -C '(-h --help)'{-h,--help}'[Show help]' '1: :->command' '*:: :->arguments' && return
  if [[ $state == command ]]; then
    _describe command commands
    return
  fi
  case $words[1] in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _m2m ]]; then
  _m2m "$@"
else
  compdef _m2m m2m
fi
`;
}

function writeOption({ flags, argument, isMultiple, value, help }: CompletedOption): string {
  const escape = (text: string) => text.replace(/[\\[\]:]/g, "\\$&");
  const action = typeof argument === "object"
    ? `(${argument.join(" ")})`
    : { none: "", any: " ", file: "_files" }[argument];
  // --flag value and --flag=value; -d text and -dtext.
  const names = flags.map((flag) => flag + (argument === "none" ? "" : flag.startsWith("--") ? "=" : "+"));
  const text = quote(`[${escape(help)}]` + (action && `:${escape(value)}:${action}`));
  const list = names.length > 1 ? `{${names.join(",")}}` : names[0];
  return (isMultiple ? "'*'" : flags.length > 1 ? quote(`(${flags.join(" ")})`) : "") + list + text;
}

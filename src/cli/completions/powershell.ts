/**
 * Completions in PowerShell, from version 5.1 on.
 *
 * @module
 */

import { completedCommands, type CompletedOption, completedOptions } from "./words.ts";

/** Writes the script. Where it gives nothing, PowerShell completes files. */
export function writePowershellCompletions(): string {
  const commands = completedCommands.map(({ name, help }) => `    ${quote(name)} = ${quote(help)}`);
  const options = completedOptions.map(writeOption);
  const words = completedCommands.flatMap(({ name, arguments: words }) =>
    Array.isArray(words) ? [`    ${quote(name)} = ${words.map(quote).join(", ")}`] : []
  );
  return `# Completions of m2m for PowerShell.
Register-ArgumentCompleter -Native -CommandName m2m -ScriptBlock {
  param($word, $ast, $position)
  $commands = [ordered]@{
${commands.join("\n")}
  }
  $arguments = @{
${words.join("\n")}
  }
  $options = @(
${options.join("\n")}
  )
  $before = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { "$_" })
  $result = {
    param($text, $help)
    if ($text -clike "$word*") {
      [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $help)
    }
  }
  $command = $before | Select-Object -Skip 1 | Where-Object { $commands.Contains($_) } | Select-Object -First 1
  if (-not $command) {
    $commands.GetEnumerator() | ForEach-Object { & $result $_.Key $_.Value }
    return
  }
  $taken = @($options | Where-Object { $_.Commands -contains $command })
  $option = $taken | Where-Object { $_.Flags -ccontains $before[-1] } | Select-Object -First 1
  if ($option -and $option.Argument) {
    $option.Choices | ForEach-Object { & $result $_ $option.Help }
  } elseif ($word -like '-*') {
    foreach ($each in $taken) { foreach ($flag in $each.Flags) { & $result $flag $each.Help } }
  } else {
    $arguments[$command] | ForEach-Object { & $result $_ $command }
  }
}
`;
}

function writeOption({ flags, argument, help, commands }: CompletedOption): string {
  const list = (texts: readonly string[]) => `@(${texts.map(quote).join(", ")})`;
  const choices = typeof argument === "object" ? argument : [];
  return `    @{ Flags = ${list(flags)}; Commands = ${list(commands)}; Argument = $${argument !== "none"}; ` +
    `Choices = ${list(choices)}; Help = ${quote(help)} }`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

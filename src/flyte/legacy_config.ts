/**
 * Parses the older form of Flyte's config file, which isn't YAML.
 *
 * @module
 */

/** The names in `admin` of settings that have another name here. */
const renamed = new Map([["url", "endpoint"], ["auth_mode", "authType"]]);

/** The first line: a section's name, not a list in YAML. */
const firstLine = /^\[[a-z_][\w.-]*\]$/i;
const sectionLine = /^\[([^\]]*)\]$/;

/**
 * Returns the settings of `[platform]` and `[credentials]`, by their names in `admin`, or `undefined` if the text doesn't
 * begin with a section. As for Python's `configparser`, lines are `name = value`, `name: value`, or comments after `#` or
 * `;`.
 */
export function readLegacyFlyteConfig(source: string): [name: string, value: string][] | undefined {
  const lines = source.split(/\r?\n/).map((line) => line.trim()).filter((line) => !/^([#;]|$)/.test(line));
  if (!firstLine.test(lines[0] ?? "")) return undefined;
  let section = "";
  return lines.flatMap((line): [string, string][] => {
    section = sectionLine.exec(line)?.[1] ?? section;
    const [, name, value] = /^([\w-]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (section !== "platform" && section !== "credentials" || name === undefined || value === undefined) return [];
    return [[renamed.get(name) ?? name, value]];
  });
}

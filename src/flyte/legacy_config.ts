/**
 * Reads the older form of Flyte's config file, of before there was YAML in it.
 *
 * @module
 */

/** What is called otherwise in `admin`, but for its spelling. */
const renamed = new Map([["url", "endpoint"], ["auth_mode", "authType"]]);

/** What begins the file: YAML's lists of anything but a name stand in such brackets as well. */
const firstLine = /^\[[a-z_][\w.-]*\]$/i;
const sectionLine = /^\[([^\]]*)\]$/;

/**
 * What the sections `[platform]` and `[credentials]` say, by the names of `admin`; nothing for a text that doesn't begin
 * with a section. Lines go as Python's `configparser` has them: `name = value` or `name: value`, comments behind `#` or `;`.
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

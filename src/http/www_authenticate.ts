/**
 * Reads the challenges of a `WWW-Authenticate` header (RFC 9110 §11.6.1).
 *
 * @module
 */

/** What a server wants to be shown, by one authentication scheme. */
export interface Challenge {
  /** In lower case, as in `bearer`. */
  readonly scheme: string;
  /** What some schemes have in place of parameters; `Negotiate` for one. */
  readonly token68?: string;
  /** By their names in lower case, without their quotes. The first of two with one name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+\\-.^_`|~\\w]+";
const quoted = '"[^"\\\\]*(?:\\\\[^][^"\\\\]*)*"';
/** Whatever an element holds, nothing but the next one may follow it. */
const end = "(?=[ \\t]*(?:,|$))";

// Sticky, and none can match a text in two ways: the time they take grows with the header, and no faster.
const between = /[ \t,]*/y;
const parameter = new RegExp(`(${token})[ \\t]*=[ \\t]*(?:(${quoted})|(${token}))${end}`, "y");
const scheme = new RegExp(`(${token})(?:[ \\t]+|${end})`, "y");
const token68 = new RegExp(`([\\w\\-.~+/]+=*)${end}`, "y");
const plain = /[^",]+/y;
const quotation = new RegExp(quoted, "y");

/**
 * The challenges in a header, or in several that are joined by commas. Gateways write mere sentences there: what breaks
 * the grammar is passed over up to the next comma, and nothing is thrown.
 */
export function parseChallenges(header: string | null): Challenge[] {
  const text = header ?? "";
  const challenges: (Challenge & { parameters: Map<string, string> })[] = [];
  let position = 0;
  const read = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found !== null) position = pattern.lastIndex;
    return found;
  };
  const readParameter = (): boolean => {
    const parameters = challenges.at(-1)?.parameters;
    const found = parameters && read(parameter);
    if (!found) return false;
    const [, name = "", quoted, value = ""] = found;
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted === undefined ? value : unquote(quoted));
    return true;
  };
  for (read(between); position < text.length; read(between)) {
    if (readParameter()) continue;
    const named = read(scheme)?.[1];
    if (named !== undefined) {
      const credentials = read(token68)?.[1];
      challenges.push({
        scheme: named.toLowerCase(),
        ...credentials !== undefined && { token68: credentials },
        parameters: new Map(),
      });
      readParameter();
    }
    // To the end of the element. A comma in quotation marks is no end; marks that aren't closed are the end of all.
    while (position < text.length && text[position] !== ",") {
      if (!read(plain) && !read(quotation)) position = text.length;
    }
  }
  return challenges;
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\([^])/g, "$1");
}

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Challenge, parseChallenges } from "../../src/http/www_authenticate.ts";

/** Shows challenges in a line: `bearer|a=b, negotiate|abc==`. */
const show = (challenges: readonly Challenge[]) =>
  challenges.map(({ scheme, parameters, token68 }) =>
    [scheme, ...token68 === undefined ? [] : [token68], ...Array.from(parameters, (each) => each.join("="))].join("|")
  ).join(", ");

const cases: Record<string, [header: string | null, challenges: string]> = {
  "no header": [null, ""],
  "an empty header": ["", ""],
  "commas and blanks": [" , ,\t,", ""],
  "a scheme alone": ["Bearer", "bearer"],
  "a quoted parameter": ['Bearer resource_metadata="https://a.test/x"', "bearer|resource_metadata=https://a.test/x"],
  "a parameter that is a token": ["Bearer error=invalid_token", "bearer|error=invalid_token"],
  "names in other letters": ['BEARER Realm="A"', "bearer|realm=A"],
  "blanks around what separates": ['Bearer  a = "b"\t,\tc\t=d ', "bearer|a=b|c=d"],
  "escapes": ['Bearer a="\\"b\\\\c\\,\\d", e="f"', 'bearer|a="b\\c,d|e=f'],
  "commas, signs and schemes in a quoted string": [
    'Bearer a="Basic x, DPoP b=\'c\', resource_metadata=evil", d="e"',
    "bearer|a=Basic x, DPoP b='c', resource_metadata=evil|d=e",
  ],
  "an empty quoted string": ['Bearer a="", b="c"', "bearer|a=|b=c"],
  "several challenges (RFC 9110 §11.6.1)": [
    'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
    'basic|realm=simple, newauth|realm=apps|type=1|title=Login to "apps"',
  ],
  "several challenges, one without parameters": ['Negotiate, Bearer a="b", Basic', "negotiate, bearer|a=b, basic"],
  "token68": ["Negotiate oYG0MIG+/~.-_==, Bearer a=b", "negotiate|oYG0MIG+/~.-_==, bearer|a=b"],
  "token68 that ends in one sign": ["NTLM abc=", "ntlm|abc="],
  "empty elements": [', Bearer a=b, , ,c="d",', "bearer|a=b|c=d"],
  "a comma after the scheme": ['Bearer, a="b"', "bearer|a=b"],
  "a parameter twice: the first counts": ["Bearer a=b, a=c, A=d", "bearer|a=b"],
  "a parameter with the name of an object's property": ["Bearer __proto__=x", "bearer|__proto__=x"],
  "parameters without a scheme": ['realm="x", Bearer a=b', "bearer|a=b"],
  "quotation marks that aren't escaped": ['Bearer error_description="the "quoted" word", a="b"', "bearer|a=b"],
  "quotation marks that aren't closed": ['Bearer a=b, c="d, e=f', "bearer|a=b"],
  "a value that isn't quoted": ["Bearer resource_metadata=https://a.test/x, a=b", "bearer|a=b"],
  "a parameter without a value": ["Bearer a=b, c=, d=e", "bearer|a=b|d=e"],
  "a sentence": ["Jwt is missing. Please log in: https://x.test, or call us!", "jwt, or"],
  "a sentence in which a parameter stands": ['Bearer token is missing, a="b"', "bearer|a=b"],
  "brackets": ["<html>, {}, [Bearer a=b]", ""],
  "letters beyond ASCII": ["Bärer a=b, Bearer c=d", "bearer|c=d"],
};
for (const [name, [header, expected]] of Object.entries(cases)) {
  Deno.test(`parseChallenges: ${name}`, () => assertEquals(show(parseChallenges(header)), expected));
}

const tokens = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);

Deno.test("parseChallenges: reads any challenges that keep to the grammar", () => {
  const value = fc.oneof(
    tokens.map((text) => ({ text, written: text })),
    fc.string({ unit: "grapheme" }).map((text) => ({ text, written: `"${text.replace(/["\\]/g, "\\$&")}"` })),
  );
  const challenge = fc.record({
    scheme: tokens,
    token68: fc.option(fc.stringMatching(/^[\w\-.~+/]{1,20}={0,2}$/)),
    pairs: fc.uniqueArray(fc.tuple(tokens, value), { selector: ([name]) => name.toLowerCase(), maxLength: 5 }),
  });
  fc.assert(fc.property(fc.array(challenge, { maxLength: 5 }), (challenges) => {
    const header = challenges.map(({ scheme, token68, pairs }) =>
      `${scheme} ${token68 ?? pairs.map(([name, { written }]) => `${name}=${written}`).join(", ")}`
    );
    const expected = challenges.map(({ scheme, token68, pairs }) => ({
      scheme: scheme.toLowerCase(),
      parameters: new Map(token68 ? [] : pairs.map(([name, { text }]) => [name.toLowerCase(), text])),
      ...token68 !== null && { token68 },
    }));
    assertEquals(parseChallenges(header.join(", ")), expected);
  }));
});

Deno.test("parseChallenges: ends on any header, and returns only what stands there", () => {
  const pieces = fc.constantFrom(...'""\\\\,,== \tab'.split(""), "Bearer ", "realm=", "é", "\0", "\n", "\u{1f600}");
  const headers = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 60 }).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(headers, (header) => {
      for (const { scheme, parameters, token68 = "" } of parseChallenges(header)) {
        for (const part of [scheme, token68, ...parameters.keys()]) {
          assert(header.toLowerCase().includes(part.toLowerCase()));
        }
        for (const value of parameters.values()) assert(value.length <= header.length);
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("parseChallenges: reads a million characters in linear time", () => {
  const million = 1_000_000;
  for (const unit of ['"\\', '\\"', '"', 'a="', "a,", "a ", "a=b,", "=", '"a" ', 'a="b"c,']) {
    parseChallenges(`Bearer ${unit.repeat(million / unit.length)}`);
  }
});

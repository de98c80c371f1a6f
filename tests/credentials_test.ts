import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Credentials } from "@m2m/authenticator";
import { jwtLifetime, parseExpiresIn } from "../src/token_endpoint/lifetime.ts";

const planted = ["planted-access-token", "planted-refresh-token"] as const;

Deno.test("tokens can be read, and show in no printed, serialized or copied form", () => {
  const credentials = new Credentials({
    accessToken: planted[0],
    refreshToken: planted[1],
    scope: "a b",
    expiresAt: 5,
  });
  assertEquals([credentials.accessToken, credentials.refreshToken], [...planted]);
  const shown = [
    JSON.stringify(credentials),
    JSON.stringify({ ...credentials }),
    Deno.inspect(credentials, { depth: 10, showHidden: true, getters: true }),
    String(credentials),
    JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(credentials))),
    Deno.inspect(structuredClone({ ...credentials })),
  ].join("\n");
  for (const secret of planted) assertEquals(shown.includes(secret), false, shown);
});

Deno.test("a token that no header may carry is refused, wherever it comes from, and not shown", () => {
  for (const accessToken of ["", "planted\r\nx: y", "planted token", "plänted"]) {
    const error = assertThrows(() => new Credentials({ accessToken }), TypeError, "RFC 6750");
    assertEquals(error.message.includes("pl"), false);
  }
  assertThrows(() => new Credentials({ accessToken: "t", tokenType: "Bearer x" }), TypeError, "tokenType");
});

Deno.test("what is unknown is absent", () => {
  const credentials = new Credentials({ accessToken: "t" });
  assertEquals(Object.keys(credentials), ["tokenType"]);
  assertEquals(credentials.refreshToken, undefined);
});

Deno.test("expires_in is read as servers write it, in seconds", () => {
  assertEquals(parseExpiresIn(3599), 3_599_000);
  assertEquals(parseExpiresIn("3599"), 3_599_000);
  assertEquals(parseExpiresIn(" 60 "), 60_000);
  assertEquals(parseExpiresIn(0.5), 500);
  assertEquals(parseExpiresIn("1.5"), 1_500);
});

Deno.test("an expires_in that says nothing is no lifetime", () => {
  const nonsense = [
    undefined,
    null,
    0,
    -1,
    NaN,
    Infinity,
    "",
    "0",
    "-5",
    "soon",
    "1e3",
    "0x10",
    true,
    [],
    [60],
    {},
    1.7e9,
    1e300,
  ];
  for (const value of nonsense) assertEquals(parseExpiresIn(value), undefined, Deno.inspect(value));
});

function jwt(claims: unknown): string {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
  return `${part({ alg: "RS256" })}.${part(claims)}.c2ln`;
}

Deno.test("a JWT's own exp counts from now", () => {
  assertEquals(jwtLifetime(jwt({ exp: 1_000 }), 400_000), 600_000);
});

Deno.test("a JWT's iat keeps a wrong clock of ours from changing its lifetime", () => {
  const token = jwt({ iat: 1_000, exp: 1_600 });
  assertEquals(jwtLifetime(token, 1_000_000), 600_000);
  assertEquals(jwtLifetime(token, 0), 600_000, "our clock is behind");
  assertEquals(
    jwtLifetime(token, 5_000_000),
    600_000,
    "our clock is ahead: the token isn't taken for expired",
  );
  assertEquals(jwtLifetime(token, 1_500_000), 100_000, "the same token was handed out again");
});

Deno.test("what is no JWT, or has no sane exp, tells no lifetime", () => {
  const tokens = [
    "",
    "opaque",
    "a.b.c",
    "..",
    jwt(null),
    jwt([]),
    jwt({}),
    jwt({ exp: "soon" }),
    jwt({ exp: -5 }),
    jwt({ exp: 1e300 }),
  ];
  for (const token of tokens) assertEquals(jwtLifetime(token, Date.now()), undefined, token);
  assertAlmostEquals(jwtLifetime(jwt({ exp: Date.now() / 1000 + 60 }), Date.now()) ?? 0, 60_000, 1_000);
});

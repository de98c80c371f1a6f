import { encodeBase64Url } from "@std/encoding/base64url";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Credentials } from "@m2m/authenticator";
import { jwtLifetime, parseExpiresIn, parseExpiry, readLifetime } from "../src/token_endpoint/lifetime.ts";
import { assertHides } from "./client_auth/showing.ts";

const [accessToken, refreshToken] = ["planted-access-token", "planted-refresh-token"];

Deno.test("Credentials: show their tokens when read, and in no printed, serialized or copied form", () => {
  const credentials = new Credentials({ accessToken, refreshToken, scope: "a b", expiresAt: 5 });
  assertEquals([credentials.accessToken, credentials.refreshToken], [accessToken, refreshToken]);
  for (const each of [credentials, { ...credentials }, structuredClone({ ...credentials })]) {
    assertHides(each, [accessToken, refreshToken]);
  }
});

Deno.test("Credentials: refuse a token that no header may carry, without showing it", () => {
  for (const accessToken of ["", "planted\r\nx: y", "planted token", "plänted"]) {
    const error = assertThrows(() => new Credentials({ accessToken }), TypeError, "RFC 6749");
    assertEquals(error.message.includes("pl"), false);
  }
  assertThrows(() => new Credentials({ accessToken: "t", tokenType: "Bearer x" }), TypeError, "tokenType");
  for (const expiresAt of [NaN, -1, "2026-11-29" as never]) {
    assertThrows(() => new Credentials({ accessToken: "t", expiresAt }), TypeError, "expiresAt");
  }
});

Deno.test("Credentials: have no member for what is unknown", () => {
  const credentials = new Credentials({ accessToken: "t" });
  assertEquals([Object.keys(credentials), credentials.refreshToken], [["tokenType"], undefined]);
});

Deno.test("parseExpiresIn: reads seconds as servers write them", () => {
  const values = [3599, "3599", " 60 ", 0.5, "1.5", 0, "0"];
  assertEquals(values.map(parseExpiresIn), [3_599_000, 3_599_000, 60_000, 500, 1_500, 0, 0]);
});

Deno.test("parseExpiresIn: knows no lifetime by a value that makes no sense", () => {
  const texts = ["", "-5", "soon", "1e3", "0x10"];
  for (const value of [undefined, null, -1, NaN, Infinity, ...texts, true, [], [60], {}, 1.7e9, 1e300]) {
    assertEquals(parseExpiresIn(value), undefined, Deno.inspect(value));
  }
});

const now = 1_800_000_000_000;
const expiries: [value: unknown, lifetime: number | undefined][] = [
  [1_800_003_600, 3_600_000],
  ["1800003600", 3_600_000],
  [now + 3_600_000, 3_600_000],
  ["2027-01-15T09:00:00Z", 3_600_000],
  ["Fri, 15 Jan 2027 09:00:00 GMT", 3_600_000],
  [3600, 3_600_000],
  ["3600", 3_600_000],
  [1_700_000_000, undefined],
  ["soon", undefined],
  ["12", 12_000],
  [null, undefined],
  [{}, undefined],
];
for (const [value, lifetime] of expiries) {
  Deno.test(`parseExpiry: reads ${Deno.inspect(value)}`, () => assertEquals(parseExpiry(value, now), lifetime));
}

const answers: [name: string, answer: Record<string, unknown>, token: string, lifetime: number | undefined][] = [
  ["the server's word on an opaque token", { expires_in: 60 }, "t", 60_000],
  ["another member where expires_in says nothing", { expires_in: null, expires_on: "1800000060" }, "t", 60_000],
  ["expires_in before others", { expires_in: 60, expires_at: 1_800_000_030 }, "t", 60_000],
  ["the JWT's exp where the server says nothing", {}, jwt({ exp: 1_800_000_060 }), 60_000],
  ["the earlier of both: exp", { expires_in: 3_600_000 }, jwt({ exp: 1_800_000_060 }), 60_000],
  ["the earlier of both: expires_in", { expires_in: 30 }, jwt({ exp: 1_800_000_060 }), 30_000],
  ["the server's word where exp is cut to whole seconds", { expires_in: 60.5 }, jwt({ exp: 1_800_000_060 }), 60_500],
  ["nothing where nothing is said", {}, "t", undefined],
];
for (const [name, answer, token, lifetime] of answers) {
  Deno.test(`readLifetime: takes ${name}`, () => assertEquals(readLifetime(answer, token, now), lifetime));
}

function jwt(claims: unknown): string {
  return `e30.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
}

const issued = jwt({ iat: 1_000, exp: 1_600 });
const lifetimes: [name: string, token: string, now: number, lifetime: number][] = [
  ["counts exp from now", jwt({ exp: 1_000 }), 400_000, 600_000],
  ["counts from iat to exp", issued, 1_000_000, 600_000],
  ["counts from iat to exp where our clock is behind", issued, 0, 600_000],
  ["counts from iat to exp where our clock is ahead", issued, 5_000_000, 600_000],
  ["counts from now where the token was given before", issued, 1_500_000, 100_000],
];
for (const [name, token, now, lifetime] of lifetimes) {
  Deno.test(`jwtLifetime: ${name}`, () => assertEquals(jwtLifetime(token, now), lifetime));
}

Deno.test("jwtLifetime: knows none without a JWT with a sane exp", () => {
  const claims = [null, [], {}, { exp: "soon" }, { exp: -5 }, { exp: 1e300 }];
  for (const token of ["", "opaque", "a.b.c", "..", ...claims.map(jwt)]) {
    assertEquals(jwtLifetime(token, Date.now()), undefined, token);
  }
  assertAlmostEquals(jwtLifetime(jwt({ exp: Date.now() / 1000 + 60 }), Date.now()) ?? 0, 60_000, 1_000);
});

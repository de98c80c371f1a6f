import { encodeBase64Url } from "@std/encoding/base64url";
import { assertEquals, assertThrows } from "@std/assert";
import { Credentials } from "@m2m/authenticator";
import { jwtLifetime, parseExpiry, readLifetime } from "../src/token_endpoint/lifetime.ts";

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

const now = 1_800_000_000_000;
const jwt = (claims: unknown) => `e30.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
const noClaims = [null, [], {}, { exp: "soon" }, { exp: -5 }, { exp: 1e300 }];
const dates = ["2027-01-15T09:00:00Z", "Fri, 15 Jan 2027 09:00:00 GMT"];

/** Values, and the lifetime in milliseconds that each says. */
const said: [parse: (value: never, now: number) => number | undefined, lifetime: number | undefined, unknown[]][] = [
  [parseExpiry, 3_600_000, [1_800_003_600, "1800003600", now + 3_600_000, ...dates, 3600, "3600"]],
  [parseExpiry, 12_000, ["12"]],
  [parseExpiry, undefined, [1_700_000_000, "soon", null, {}]],
  [jwtLifetime, undefined, ["", "opaque", "a.b.c", "..", ...noClaims.map(jwt)]],
];
for (const [parse, lifetime, values] of said) {
  Deno.test(`${parse.name}: reads ${Deno.inspect(values)} as ${lifetime}`, () => {
    for (const value of values) assertEquals(parse(value as never, now), lifetime, Deno.inspect(value));
  });
}

const exp = { exp: 1_800_000_060 };
const issued = { iat: 1_000, exp: 1_600 };
const taken: [what: string, answer: object, claims: unknown, lifetime: number | undefined, now?: number][] = [
  ["the server's word on an opaque token", { expires_in: 60 }, undefined, 60_000],
  ["another member where expires_in says nothing", { expires_in: null, expires_on: "1800000060" }, undefined, 60_000],
  ["expires_in before others", { expires_in: 60, expires_at: 1_800_000_030 }, undefined, 60_000],
  ["the JWT's exp where the server says nothing", {}, exp, 60_000],
  ["the earlier of both: exp", { expires_in: 3_600_000 }, exp, 60_000],
  ["the earlier of both: expires_in", { expires_in: 30 }, exp, 30_000],
  ["the server's word where exp is cut to whole seconds", { expires_in: 60.5 }, exp, 60_500],
  ["nothing where nothing is said", {}, undefined, undefined],
  ["exp from now", {}, { exp: 1_000 }, 600_000, 400_000],
  ["iat to exp", {}, issued, 600_000, 1_000_000],
  ["iat to exp where our clock is behind", {}, issued, 600_000, 0],
  ["iat to exp where our clock is ahead", {}, issued, 600_000, 5_000_000],
  ["exp from now where the token was given before", {}, issued, 100_000, 1_500_000],
];
for (const [what, answer, claims, lifetime, time = now] of taken) {
  Deno.test(`readLifetime: takes ${what}`, () => {
    assertEquals(readLifetime({ ...answer }, claims === undefined ? "opaque" : jwt(claims), time), lifetime);
  });
}

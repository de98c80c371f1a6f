import { assert, assertEquals, assertThrows } from "@std/assert";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import fc from "fast-check";
import { assertionClaims, checkAssertionOptions } from "../../src/client_auth/assertion_claims.ts";

const request = { clientId: "id", issuer: "https://auth.test", tokenEndpoint: new URL("https://auth.test/token") };
const moments = fc.integer({ min: 0, max: 4_102_444_800_000 });
const lifetimes = fc.option(fc.integer({ min: 1_000, max: 300_000 }), { nil: undefined });
const skews = fc.option(fc.integer({ min: 0, max: 300_000 }), { nil: undefined });

Deno.test("assertionClaims: are valid now, for the lifetime, and for at most 300 seconds", () => {
  fc.assert(fc.property(moments, lifetimes, skews, (now, lifetime, clockSkew) => {
    const options = { lifetime, clockSkew, clock: { wall: () => now } };
    checkAssertionOptions(options);
    const { iat, nbf, exp } = assertionClaims(request, options);
    assert([iat, exp].every(Number.isInteger));
    assert(nbf === iat && iat <= now / 1_000 && now / 1_000 < exp && exp - iat <= 300);
    const expected = (now + (lifetime ?? 60_000)) / 1_000;
    assert(exp <= expected && expected < exp + 1);
  }));
});

Deno.test("assertionClaims: suit a server's clock that is behind by clockSkew, or ahead by nearly the lifetime", () => {
  const lengths = fc.integer({ min: 1, max: 150 }).map((seconds) => seconds * 1_000);
  fc.assert(fc.property(moments, lengths, lengths, (now, lifetime, clockSkew) => {
    const { nbf, exp } = assertionClaims(request, { lifetime, clockSkew, clock: { wall: () => now } });
    assert(nbf <= (now - clockSkew) / 1_000);
    assert((now + lifetime - 1_000) / 1_000 < exp);
  }));
});

Deno.test("assertionClaims: each has its own jti, and the client as issuer and subject", () => {
  const identifiers = new Set<string>();
  const clientIds = fc.sample(fc.string({ minLength: 1 }), 1_000);
  for (const clientId of clientIds) {
    const { iss, sub, jti } = assertionClaims({ ...request, clientId }, {});
    assertEquals([iss, sub], [clientId, clientId]);
    identifiers.add(jti);
  }
  assertEquals(identifiers.size, 1_000);
});

const wrong: readonly (readonly [object[], typeof Error, string])[] = [
  [
    [0, 999, -1, 300_001, NaN, Infinity, "60000", null].map((lifetime) => ({ lifetime })),
    RangeError,
    "1,000 to 300,000",
  ],
  [[-1, 300_001, NaN, Infinity, "0", null].map((clockSkew) => ({ clockSkew })), RangeError, "from 0 to 300,000"],
  [["", 7, null, ["https://auth.test"]].map((audience) => ({ audience })), TypeError, "audience must be"],
  [["x", null, { alg: "none" }, { kid: "x" }].map((header) => ({ header })), TypeError, "header must be"],
];
Deno.test("privateKeyJwt, clientSecretJwt: refuse invalid options", () => {
  for (const [all, errorClass, message] of wrong) {
    for (const options of all) {
      assertThrows(() => privateKeyJwt(() => "", options), errorClass, message);
      assertThrows(() => clientSecretJwt("secret", options), errorClass, message);
    }
  }
});

Deno.test('assertionClaims: audience "issuer" needs an issuer', () => {
  const act = () => assertionClaims({ ...request, issuer: undefined }, { audience: "issuer" });
  assertThrows(act, TypeError, "set issuer");
});

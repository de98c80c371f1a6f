import { assert, assertEquals, assertThrows } from "@std/assert";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import fc from "fast-check";
import { assertionClaims, checkAssertionOptions } from "../../src/client_auth/assertion_claims.ts";

const request = { clientId: "id", issuer: "https://auth.test", tokenEndpoint: new URL("https://auth.test/token") };
const at = (moment: number) => ({ wall: () => moment });
const moments = fc.integer({ min: 0, max: 4_102_444_800_000 });
const lifetimes = fc.option(fc.integer({ min: 1_000, max: 300_000 }), { nil: undefined });
const skews = fc.option(fc.integer({ min: 0, max: 300_000 }), { nil: undefined });

Deno.test("any assertion is valid now, as long as it was told to be, and never for more than 300 seconds", () => {
  fc.assert(fc.property(moments, lifetimes, skews, (now, lifetime, clockSkew) => {
    const options = { lifetime, clockSkew, clock: at(now) };
    checkAssertionOptions(options);
    const { iat, nbf, exp } = assertionClaims(request, options);
    assert([iat, nbf, exp].every(Number.isInteger));
    assertEquals(nbf, iat);
    assert(iat <= now / 1_000 && now / 1_000 < exp);
    assert(exp - iat <= 300);
    const wanted = now + (lifetime ?? 60_000);
    assert(exp <= wanted / 1_000 && wanted / 1_000 < exp + 1);
  }));
});

Deno.test("a server whose clock is off takes it: behind by clockSkew, ahead by all but a second of lifetime", () => {
  const lengths = fc.integer({ min: 1, max: 150 }).map((seconds) => seconds * 1_000);
  fc.assert(fc.property(moments, lengths, lengths, (now, lifetime, clockSkew) => {
    const { nbf, exp } = assertionClaims(request, { lifetime, clockSkew, clock: at(now) });
    assert(nbf <= (now - clockSkew) / 1_000);
    assert((now + lifetime - 1_000) / 1_000 < exp);
  }));
});

Deno.test("each assertion has an identifier that no other has", () => {
  const identifiers = Array.from({ length: 1_000 }, () => assertionClaims(request, {}).jti);
  assertEquals(new Set(identifiers).size, 1_000);
});

Deno.test("the client speaks of itself, whatever its name", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), (clientId) => {
    const { iss, sub } = assertionClaims({ ...request, clientId }, {});
    assertEquals([iss, sub], [clientId, clientId]);
  }));
});

Deno.test("durations out of range are refused, with the range and its unit", () => {
  const makers = [
    (options: object) => privateKeyJwt(() => "", options),
    (options: object) => clientSecretJwt("secret", options),
  ];
  for (const make of makers) {
    for (const lifetime of [0, 999, -1, 300_001, NaN, Infinity, "60000", null]) {
      assertThrows(() => make({ lifetime }), RangeError, "milliseconds from 1,000 to 300,000");
    }
    for (const clockSkew of [-1, 300_001, NaN, Infinity, "0", null]) {
      assertThrows(() => make({ clockSkew }), RangeError, "milliseconds from 0 to 300,000");
    }
    for (const audience of ["", 7, null, ["https://auth.test"]]) {
      assertThrows(() => make({ audience }), TypeError, "audience must be");
    }
    for (const header of ["x", null, { alg: "none" }, { kid: "x" }]) {
      assertThrows(() => make({ header }), TypeError, "header must be");
    }
  }
});

Deno.test("an issuer that is asked for and unknown is an error that says where to set it", () => {
  assertThrows(
    () => assertionClaims({ ...request, issuer: undefined }, { audience: "issuer" }),
    TypeError,
    "set issuer beside tokenEndpoint",
  );
});

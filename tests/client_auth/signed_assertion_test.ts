import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, type ClientAuth, getToken } from "@m2m/authenticator";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import fc from "fast-check";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { assertionClaims, checkAssertionOptions } from "../../src/client_auth/assertion_claims.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";
import { testKey } from "./signing_keys.ts";

const secret = "a-secret-that-is-long-enough-for-HS256";
const [one, other] = [await testKey("ES256"), await testKey("ES256", "other")];
const issuer = "https://auth.test";
const request = { clientId: "id", issuer, tokenEndpoint: new URL("https://auth.test/oauth/token") };
const moments = fc.integer({ min: 0, max: 4_102_444_800_000 });

Deno.test("assertionClaims: are valid now, for the lifetime, and for at most 300 seconds", () => {
  const lifetimes = fc.option(fc.integer({ min: 1_000, max: 300_000 }), { nil: undefined });
  const skews = fc.option(fc.integer({ min: 0, max: 300_000 }), { nil: undefined });
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

const wrong: readonly (readonly [name: string, values: unknown[], typeof Error, message: string])[] = [
  ["lifetime", [0, 999, -1, 300_001, NaN, Infinity, "60000", null], RangeError, "1,000 to 300,000"],
  ["clockSkew", [-1, 300_001, NaN, Infinity, "0", null], RangeError, "from 0 to 300,000"],
  ["audience", ["", 7, null, ["https://auth.test"]], TypeError, "audience must be"],
  ["header", ["x", null, { alg: "none" }, { kid: "x" }], TypeError, "header must be"],
];
Deno.test("privateKeyJwt, clientSecretJwt: refuse invalid options", () => {
  for (const [name, values, errorClass, message] of wrong) {
    for (const value of values) {
      assertThrows(() => privateKeyJwt(() => "", { [name]: value }), errorClass, message);
      assertThrows(() => clientSecretJwt("secret", { [name]: value }), errorClass, message);
    }
  }
  assertThrows(() => clientSecretJwt("s", { alg: "RS256" as "HS256" }), TypeError, "HS256, HS384, HS512");
});

/** Sends two token requests, and returns their forms. */
async function send(clientAuth: ClientAuth) {
  const { url, fetch, requests } = tokenEndpointStub();
  for (let i = 0; i < 2; i++) await getToken(url, { clientId: "id", clientAuth, fetch });
  return requests.map(({ form }) => ({ form, assertion: form.get("client_assertion")! }));
}

Deno.test("privateKeyJwt, clientSecretJwt: make an assertion for each attempt, and don't send the secret", async () => {
  for (const clientAuth of [privateKeyJwt(one.privateJwk as JsonWebKey), clientSecretJwt(secret)]) {
    const sent = await send(clientAuth);

    assertEquals(new Set(sent.map(({ assertion }) => decodeJwt(assertion).jti)).size, 2);
    for (const { form, assertion } of sent) {
      const { iss, sub, exp = 0, iat = 0, nbf } = decodeJwt(assertion);
      assertEquals([iss, sub, nbf, exp - iat], ["id", "id", iat, 70]);
      const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
      const common = { grant_type: "client_credentials", client_id: "id", client_assertion_type: type };
      assertEquals(Object.fromEntries(form), { ...common, client_assertion: assertion });
    }
  }
});

Deno.test("assertionClaims: the audience is the issuer, else the token endpoint, or the option", () => {
  const cases = [
    [undefined, undefined, request.tokenEndpoint.href],
    [undefined, issuer, issuer],
    ["issuer", issuer, issuer],
    ["token-endpoint", issuer, request.tokenEndpoint.href],
    ["urn:of:its:own", issuer, "urn:of:its:own"],
  ] as const;
  for (const [audience, issuer, aud] of cases) {
    assertEquals(assertionClaims({ ...request, issuer }, { audience }).aud, aud);
  }
  const act = () => assertionClaims({ ...request, issuer: undefined }, { audience: "issuer" });
  assertThrows(act, TypeError, "set issuer");
});

Deno.test("privateKeyJwt: looks up a rotating key, with its kid, for every attempt, and adds header parameters", async () => {
  const keys = [{ key: one.cryptoKey, kid: "old" }, { key: other.pem, kid: "new" }];
  const header = { typ: "client-authentication+jwt", "x5t#S256": "thumb" };
  const sent = await send(privateKeyJwt(() => keys.shift()!, { header }));

  const headers = sent.map(({ assertion }) => decodeProtectedHeader(assertion));
  assertEquals(headers, ["old", "new"].map((kid) => ({ ...header, alg: "ES256", kid })));
});

/** Gets what identifies a credential after a refusal. */
async function getCredential(clientAuth: ClientAuth): Promise<string> {
  const sent: Parameters<ClientAuth["authenticate"]>[0] = {
    ...{ ...request, headers: new Headers(), body: new URLSearchParams(), signal: AbortSignal.abort(), redact() {} },
  };
  await clientAuth.authenticate(sent);
  return sent.credential!;
}

Deno.test("privateKeyJwt: credential identifies the key without showing it", async () => {
  for (const form of ["pem", "privateJwk", "cryptoKey"] as const) {
    const [first, again, another] = await Promise.all(
      [one, one, other].map((key) => getCredential(privateKeyJwt(key[form] as string))),
    );
    assertMatch(first!, /^\["ES256",("kid-of-ES256"|null),"[\d,]+"\]$/);
    assertEquals(again, first);
    assertNotEquals(another, first);
  }
  const identify = (key: CryptoKey, kid: string) => getCredential(privateKeyJwt(() => ({ key, kid })));
  const known = await identify(one.cryptoKey, "7");
  assertEquals(await identify(other.cryptoKey, "7"), known, "a CryptoKey's own kid identifies it");
  assertNotEquals(await identify(other.cryptoKey, "8"), known);
  const [fixed, another] = [one, other].map(({ cryptoKey }) => privateKeyJwt(() => cryptoKey, { kid: "7" }));
  assertNotEquals(await getCredential(fixed!), await getCredential(another!), "the option's kid doesn't");
  assertEquals(await getCredential(clientSecretJwt(secret)), secret);
});

Deno.test("getToken: redacts an assertion, and its signature, in the server's error", async () => {
  let secrets: string[] = [];
  const { url, fetch } = tokenEndpointStub((_count, { form }) => {
    const assertion = form.get("client_assertion")!;
    secrets = [assertion, assertion.split(".")[2]!];
    return Response.json({ error: "invalid_client", error_description: `bad: ${secrets}!` }, { status: 401 });
  });
  const options = { clientId: "id", clientAuth: privateKeyJwt(one.pem), fetch };
  const error = await assertRejects(() => getToken(url, options), AuthenticationError);

  assertEquals(error.error_description, "bad: [redacted],[redacted]!");
  assertHides(error, secrets);
});

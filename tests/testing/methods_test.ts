import {
  type Authenticator,
  type ClientAuth,
  ClientCredentialsAuthenticator,
  clientSecretPost,
  type GrantOptions,
  none,
} from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { dpop } from "@m2m/authenticator/dpop";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { type TestServers, testServers, type TestServersOptions } from "@m2m/authenticator/testing";
import { assertEquals } from "@std/assert";
import { SignJWT } from "jose";
import { testKey } from "../client_auth/signing_keys.ts";

const [key, otherKey, rsaKey] = await Promise.all([testKey("ES256"), testKey("ES256", "another"), testKey("RS256")]);
const jwks = [key.publicJwk, rsaKey.publicJwk] as JsonWebKey[];
const clientId = "test-client";
const secret = "test-secret-of-more-than-32-characters";
const odd = "s3cret: +%&ü/longer-than-32-characters";
const byKey = { clients: [{ clientId, jwks }] };
const trusting = { trustedIssuers: { robot: jwks } };

type Make = (kit: TestServers) => Authenticator;
/** Servers, a client, and the status of its call or the error of its token request. */
type Case = readonly [servers: TestServersOptions, make: Make, outcome: string];

const plain = (own: Partial<GrantOptions> = {}): Make => ({ options }) =>
  new ClientCredentialsAuthenticator({ ...options, ...own });
const by = (clientAuth: ClientAuth): Make => plain({ clientSecret: undefined, clientAuth });
const signed = (iss: string, sub: string, signer = key) =>
  new SignJWT({ iss, sub, jti: crypto.randomUUID() }).setProtectedHeader({ alg: signer.alg })
    .setAudience("https://auth.test/oauth/token").setExpirationTime("1 minute").sign(signer.cryptoKey);
const bearer = (signer = key): Make => ({ options }) =>
  new JwtBearerAuthenticator({ ...options, assertion: () => signed("robot", "ada", signer) });
const exchange = (own: object = {}): Make => ({ options }) => {
  const subject = new ClientCredentialsAuthenticator({ ...options });
  const subjectToken = async () => (await subject.getCredentials()).accessToken;
  return new TokenExchangeAuthenticator({ ...options, subjectToken, ...own });
};
const onlyOnce = () => {
  const assertion = signed(clientId, clientId);
  return clientAssertion(() => assertion);
};

const cases: Record<string, Case> = {
  "client_secret_basic": [{}, plain(), "200"],
  "client_secret_basic, odd characters": [
    { clients: [{ clientId: "an id", clientSecret: odd }] },
    plain({ clientId: "an id", clientSecret: odd }),
    "200",
  ],
  "client_secret_basic, not encoded": [
    { clients: [{ clientId, clientSecret: odd }] },
    plain({ basicEncoding: "raw" }),
    "200",
  ],
  "client_secret_basic, another secret": [{}, plain({ clientSecret: "another" }), "invalid_client"],
  "client_secret_basic, another client": [{}, plain({ clientId: "another" }), "invalid_client"],
  "client_secret_post": [{}, by(clientSecretPost(secret)), "200"],
  "client_secret_post, another secret": [{}, by(clientSecretPost("another")), "invalid_client"],
  "client_secret_post, though basic is wanted": [
    { clients: [{ clientId, clientSecret: secret, authMethod: "client_secret_basic" }] },
    by(clientSecretPost(secret)),
    "invalid_client",
  ],
  "client_secret_jwt": [{}, by(clientSecretJwt(secret)), "200"],
  "client_secret_jwt, another secret": [{}, by(clientSecretJwt(`${secret}2`)), "invalid_client"],
  "private_key_jwt": [byKey, by(privateKeyJwt(key.pem)), "200"],
  "private_key_jwt, RSA": [byKey, by(privateKeyJwt(rsaKey.pem, { alg: "RS256" })), "200"],
  "private_key_jwt, another key": [byKey, by(privateKeyJwt(otherKey.pem)), "invalid_client"],
  "private_key_jwt, a client with a secret": [{}, by(privateKeyJwt(key.pem)), "invalid_client"],
  "a ready assertion": [byKey, by(onlyOnce()), "200"],
  "none": [{ clients: [{ clientId }] }, by(none()), "200"],
  "none, a client with a secret": [{}, by(none()), "invalid_client"],
  "JWT bearer": [trusting, bearer(), "200 ada"],
  "JWT bearer, by the assertion alone": [
    trusting,
    ({ options: { clientId: _, clientSecret: __, ...options } }) =>
      new JwtBearerAuthenticator({ ...options, assertion: () => signed("robot", "ada") }),
    "200 ada",
  ],
  "JWT bearer, another key": [trusting, bearer(otherKey), "invalid_grant"],
  "JWT bearer, an unknown issuer": [{}, bearer(), "invalid_grant"],
  "token exchange": [{}, exchange(), "200"],
  "token exchange, an actor": [
    { ...trusting, tokens: "jwt" },
    exchange({ subjectToken: () => signed("robot", "ada"), actorToken: () => signed("robot", "bob", rsaKey) }),
    "200 ada",
  ],
  "token exchange, an unknown token": [{}, exchange({ subjectToken: "unknown" }), "invalid_grant"],
  "discovery": [
    { issuer: "https://auth.test/tenant/" },
    (kit) => plain({ configStore: new DiscoveryClientConfigStore("https://auth.test/tenant/", kit) })(kit),
    "200",
  ],
  "the API's metadata": [
    { endpoint: "https://api.test/mcp", scopes: ["a"], requiredScopes: ["a"], audience: "https://api.test/mcp" },
    (kit) => {
      const options = { issuer: "https://auth.test", fetch: kit.fetch };
      return plain({ configStore: new ProtectedResourceClientConfigStore("https://api.test/mcp", options) })(kit);
    },
    "200",
  ],
  "audience": [{ audience: "https://api.test" }, plain({ audience: "https://api.test" }), "200"],
  "another audience": [{ audience: "https://api.test" }, plain({ audience: "https://other.test" }), "401"],
  "two resources": [{ audience: "urn:b", tokens: "jwt" }, plain({ resource: ["urn:a", "urn:b"] }), "200"],
  "no scope": [{ requiredScopes: ["a"] }, plain(), "403"],
  "another header": [{ headerKey: "x-token" }, plain({ headerKey: "x-token" }), "200"],
  "DPoP": [{}, plain({ dpop: dpop() }), "200"],
  "DPoP, with nonces": [{ dpop: { required: true, nonces: true }, tokens: "jwt" }, plain({ dpop: dpop() }), "200"],
  "no DPoP where it is required": [{ dpop: { required: true } }, plain(), "invalid_dpop_proof"],
};
for (const [name, [servers, make, outcome]] of Object.entries(cases)) {
  Deno.test(`${name}: ${outcome}`, async () => {
    const kit = testServers(servers);
    const outcomes = await make(kit).fetch("v1").then(
      async (response) => [response.status, (await response.json()).subject],
      (error) => [error.error ?? error],
    );
    assertEquals(
      outcomes.filter((each) => each !== undefined && each !== clientId && each !== "an id").join(" "),
      outcome,
    );
  });
}

Deno.test("an assertion is taken once", async () => {
  const kit = testServers(byKey);
  const authenticator = by(onlyOnce())(kit);
  await authenticator.getCredentials();
  const { error } = await authenticator.refreshCredentials().catch((error) => error);
  assertEquals(error, "invalid_client");
});

Deno.test("DPoP: proofs of another key, time or nonce are refused", async () => {
  const kit = testServers({ dpop: { nonces: true } });
  const { clock, api, authorizationServer } = kit;
  const proofs = dpop({ clock });
  const authenticator = plain({ dpop: proofs })(kit);
  const call = async () => (await authenticator.fetch("/v1")).status;
  assertEquals(await call(), 200);
  kit.assertCalls(["GET /v1 401", "GET /v1 200"]);
  authorizationServer.rotateNonce();
  api.rotateNonce();
  clock.set(clock.wall() + 7_200_000);
  assertEquals(await call(), 200);
  const statuses = authorizationServer.tokenRequests.map(({ status }) => status);
  assertEquals(statuses, [400, 200, 400, 200]);

  const { accessToken } = await authenticator.getCredentials();
  const url = "https://api.test/v1";
  const sendAs = async (scheme: string, proof: Promise<string>) => {
    const headers = { authorization: `${scheme} ${accessToken}`, dpop: await proof };
    return /error_description="(.*?)"/.exec((await kit.fetch(url, { headers })).headers.get("www-authenticate") ?? "")
      ?.[1];
  };
  const target = { method: "GET", url, accessToken };
  const used = await proofs.proof(target);
  assertEquals(await sendAs("DPoP", Promise.resolve(used)), undefined);
  assertEquals(await sendAs("DPoP", Promise.resolve(used)), "The proof was used already");
  assertEquals(
    await sendAs("DPoP", proofs.proof({ ...target, method: "PUT" })),
    "The proof is invalid: the claim htm is about something else",
  );
  assertEquals(await sendAs("Bearer", proofs.proof(target)), "The token is under another scheme");
  assertEquals(await sendAs("DPoP", dpop({ clock }).proof(target)), "The nonce is another");
});

Deno.test("introspection and revocation: for a client that authenticates", async () => {
  const kit = testServers();
  const authenticator = plain({ revocation: tokenRevocation(), scopes: ["a"] })(kit);
  const { accessToken } = await authenticator.getCredentials();
  const introspect = async (authorization: string) => {
    const body = new URLSearchParams({ token: accessToken });
    const { introspectionEndpoint } = kit.authorizationServer;
    return await (await kit.fetch(introspectionEndpoint, { method: "POST", headers: { authorization }, body })).json();
  };
  const authorization = `Basic ${btoa(`${clientId}:${secret}`)}`;
  const { iat, exp, ...found } = await introspect(authorization);

  const named = { iss: "https://auth.test", client_id: clientId, sub: clientId, aud: [], scope: "a" };
  assertEquals(found, { active: true, token_type: "Bearer", ...named });
  assertEquals(exp - iat, 3600);
  assertEquals((await introspect("Basic bm9ib2R5Ong=")).error, "invalid_client");
  await authenticator.close();
  assertEquals(await introspect(authorization), { active: false });
});

import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { dpop } from "@m2m/authenticator/dpop";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { testKey } from "../client_auth/signing_keys.ts";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { call, startScene, stubScene } from "./scene.ts";

const secretAuth = { clientId: "id", clientSecret: "secret" };
const slow = { clock: { wall: () => Date.now() - 3_600_000 } };

function getThumbprint(accessToken: string): string {
  return decodeJwt<{ cnf: { jkt: string } }>(accessToken).cnf.jkt;
}

Deno.test("getCredentials: sends a proof, and gets a token bound to its key", async () => {
  await using scene = await startScene();

  const { accessToken, tokenType } = await scene.client({ clientId: "bound" }).getCredentials();

  assertEquals([tokenType, getThumbprint(accessToken)], ["DPoP", await scene.proofs.thumbprint()]);
  const { headers, proof } = scene.tokenRequests()[0]!;
  const { typ, alg, jwk } = decodeProtectedHeader(headers.get("dpop")!);
  assertEquals([typ, alg, Object.keys(jwk!).sort()], ["dpop+jwt", "ES256", ["crv", "kty", "x", "y"]]);
  const { jti, iat, ...target } = proof!;
  assertEquals(target, { htm: "POST", htu: scene.server.tokenEndpoint });
  assertMatch(jti!, /^[\da-f-]{36}$/);
  assert(Math.abs(Date.now() / 1000 - iat!) < 60);
});

Deno.test("getToken: gets a bound token by a proof without the query, and none without a proof", async () => {
  await using scene = await startScene();
  const { tokenEndpoint } = scene.server;
  const options = { ...secretAuth, clientId: "bound", fetch: scene.fetch };

  assertEquals((await getToken(`${tokenEndpoint}?tenant=7`, { ...options, dpop: scene.proofs })).tokenType, "DPoP");
  assertEquals([scene.sent[0]!.url, scene.sent[0]!.proof!.htu], [`${tokenEndpoint}?tenant=7`, tokenEndpoint]);

  const error = await assertRejects(() => getToken(tokenEndpoint, options), AuthenticationError);
  assertEquals([error.code, error.error], ["token_request_rejected", "invalid_grant"]);
});

Deno.test("getCredentials: repeats a token request with the server's nonce, and replaces an invalid one", async () => {
  await using scene = await startScene({ serverNonces: true });
  const client = scene.client();

  await client.getCredentials();
  await client.refreshCredentials();
  scene.proofs.noteNonce(scene.server.issuer, "a-nonce-of-yesterday");
  await client.refreshCredentials();

  assertEquals(scene.tokenStatuses(), [400, 200, 200, 400, 200]);
  const nonces = scene.tokenRequests().map(({ proof }) => proof!.nonce);
  assertEquals([nonces[0], nonces[1], nonces[3]], [undefined, nonces[2], "a-nonce-of-yesterday"]);
  assertEquals(new Set(scene.tokenRequests().map(({ proof }) => proof!.jti)).size, 5);
});

Deno.test("getCredentials: repeats a token request with a fresh client assertion", async () => {
  await using scene = await startScene({ serverNonces: true });
  const key = await testKey("ES256");
  const clientAuth = privateKeyJwt(key.cryptoKey, { kid: key.publicJwk.kid });

  await scene.client({ clientId: "key", clientAuth }).getCredentials();

  const [first, second] = scene.tokenRequests().map(({ form }) => decodeJwt(form.get("client_assertion")!).jti);
  assertEquals(scene.tokenStatuses(), [400, 200]);
  assertNotEquals(first, second);
});

Deno.test("getToken: asks twice if the server's nonce is missing, or another each time", async () => {
  for (const makeHeaders of [() => ({}), () => ({ "dpop-nonce": crypto.randomUUID() })]) {
    const { url, fetch, requests } = tokenEndpointStub(() =>
      Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: makeHeaders() })
    );
    const error = await assertRejects(() => getToken(url, { ...secretAuth, dpop: dpop(), fetch }), AuthenticationError);

    assertEquals([error.code, error.error, requests.length], ["token_endpoint_error", "use_dpop_nonce", 2]);
  }
});

Deno.test("allowBearer: accepts a Bearer token and sends it without proofs; else it is refused", async () => {
  const strict = stubScene("bearer", () => new Response());
  const error = await assertRejects(() => strict.client.fetch("/x"), AuthenticationError);
  assertEquals([error.code, strict.sent.length], ["unsupported_token_type", 0]);
  assertHides(error, ["token-1"]);

  const lax = stubScene("bearer", () => new Response(), { allowBearer: true });
  await lax.client.fetch("/x");
  assertEquals([lax.sent[0]!.get("authorization"), lax.sent[0]!.has("dpop")], ["Bearer token-1", false]);

  await using scene = await startScene();
  assertEquals((await scene.client({ dpop: dpop({ allowBearer: true }) }).getCredentials()).tokenType, "DPoP");
});

Deno.test("getCredentials: passes on the server's reason for refusing a proof", async () => {
  await using scene = await startScene();

  const error = await assertRejects(() => scene.client({ dpop: dpop(slow) }).getCredentials(), AuthenticationError);

  assertEquals([error.code, error.error, error.retryable], ["token_request_rejected", "invalid_dpop_proof", false]);
  assertMatch(error.error_description!, /iat/);
});

Deno.test("getCredentials: gets a token with a clock that is off if the server uses nonces", async () => {
  await using scene = await startScene({ serverNonces: true });
  assertEquals((await scene.client({ dpop: dpop(slow) }).getCredentials()).tokenType, "DPoP");
});

Deno.test("fetch: concurrent callers share one token request, and its nonce", async () => {
  await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });
  const client = scene.client();
  const callAll = () => Promise.all(Array.from({ length: 30 }, () => call(client, "/v1/projects")));

  assertEquals(await callAll(), Array(30).fill(200));
  const { faults } = scene.verifier;
  const count = faults.length;
  assertEquals([...new Set(faults)], ["no nonce"]);
  assertEquals([await callAll(), faults.length], [Array(30).fill(200), count]);
  assertEquals(scene.tokenStatuses(), [400, 200]);
});

Deno.test("beforeTokenRequest: its own proof stays", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  const beforeTokenRequest = ({ headers }: { headers: Headers }) => headers.set("dpop", "own");
  await getToken(url, { ...secretAuth, dpop: dpop({ allowBearer: true }), fetch, beforeTokenRequest });

  assertEquals(requests[0]!.headers.get("dpop"), "own");
});

Deno.test("with: derived authenticators share the key", async () => {
  await using scene = await startScene();
  const client = scene.client();
  const [first, second] = [await client.getCredentials(), await client.with({ scopes: [] }).getCredentials()];

  assertNotEquals(first.accessToken, second.accessToken);
  assertEquals(getThumbprint(first.accessToken), getThumbprint(second.accessToken));
});

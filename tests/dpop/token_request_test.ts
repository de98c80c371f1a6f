import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { dpop } from "@m2m/authenticator/dpop";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { testKey } from "../client_auth/signing_keys.ts";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { startScene } from "./scene.ts";

Deno.test("a token request carries a proof, and the token is bound to its key", async () => {
  await using scene = await startScene();

  const credentials = await scene.client({ clientId: "bound" }).getCredentials();

  const { cnf } = decodeJwt<{ cnf: unknown }>(credentials.accessToken);
  assertEquals([credentials.tokenType, cnf], ["DPoP", { jkt: await scene.proofs.thumbprint() }]);
  const { headers, proof } = scene.tokenRequests[0]!;
  const { typ, alg, jwk } = decodeProtectedHeader(headers.get("dpop")!);
  assertEquals([typ, alg, Object.keys(jwk!).sort()], ["dpop+jwt", "ES256", ["crv", "kty", "x", "y"]]);
  const { jti, iat, ...target } = proof!;
  assertEquals(target, { htm: "POST", htu: scene.server.tokenEndpoint });
  assertMatch(jti!, /^[\da-f-]{36}$/);
  assert(Math.abs(Date.now() / 1000 - iat!) < 60);
});

Deno.test("getToken gets a bound token, and without dpop none where the client must have one", async () => {
  await using scene = await startScene();
  const options = { clientId: "bound", clientSecret: "secret", fetch: scene.fetch };

  const { tokenType } = await getToken(scene.server.tokenEndpoint, { ...options, dpop: scene.proofs });
  assertEquals(tokenType, "DPoP");

  const error = await assertRejects(() => getToken(scene.server.tokenEndpoint, options), AuthenticationError);
  assertEquals([error.code, error.error], ["token_request_rejected", "invalid_grant"]);
});

Deno.test("a nonce that the token endpoint wants is in the next proof, which is sent at once", async () => {
  await using scene = await startScene({ serverNonces: true });
  const client = scene.client();

  await client.getCredentials();
  await client.refreshCredentials();

  const { tokenRequests } = scene;
  assertEquals(scene.server.tokenRequests.map(({ status }) => status), [400, 200, 200]);
  const nonces = tokenRequests.map(({ proof }) => proof!.nonce);
  assertEquals([nonces[0], nonces[1]], [undefined, nonces[2]]);
  assertEquals(new Set(tokenRequests.map(({ proof }) => proof!.jti)).size, 3);
});

Deno.test("a nonce that has become too old is replaced, and a foreign one, too", async () => {
  await using scene = await startScene({ serverNonces: true });
  const client = scene.client();
  await client.getCredentials();

  scene.proofs.noteNonce(scene.server.issuer, "a-nonce-of-yesterday");
  await client.refreshCredentials();

  assertEquals(scene.server.tokenRequests.map(({ status }) => status), [400, 200, 400, 200]);
});

Deno.test("a client assertion is as fresh as the proof when a nonce is wanted", async () => {
  await using scene = await startScene({ serverNonces: true });
  const key = await testKey("ES256");
  const clientAuth = privateKeyJwt(key.cryptoKey, { kid: key.publicJwk.kid });

  await scene.client({ clientId: "key", clientAuth }).getCredentials();

  const assertions = scene.tokenRequests.map(({ form }) => decodeJwt(form.get("client_assertion")!));
  assertEquals(scene.server.tokenRequests.map(({ status }) => status), [400, 200]);
  assertNotEquals(assertions[0]!.jti, assertions[1]!.jti);
});

Deno.test("a server that wants a nonce and gives none, or another each time, is asked twice", async () => {
  for (const nonce of [() => undefined, () => crypto.randomUUID()]) {
    let requests = 0;
    const fetch = () => {
      requests++;
      const value = nonce();
      const headers = value === undefined ? {} : { "dpop-nonce": value };
      return Promise.resolve(Response.json({ error: "use_dpop_nonce" }, { status: 400, headers }));
    };
    const options = { clientId: "id", clientSecret: "secret", dpop: dpop(), fetch };
    const error = await assertRejects(() => getToken("https://auth.test/token", options), AuthenticationError);

    assertEquals([error.code, error.error, requests], ["token_endpoint_error", "use_dpop_nonce", 2]);
  }
});

Deno.test("the proof names the token endpoint without its query", async () => {
  await using scene = await startScene();
  const { tokenEndpoint } = scene.server;
  const options = { clientId: "id", clientSecret: "secret", dpop: scene.proofs, fetch: scene.fetch };

  assertEquals((await getToken(`${tokenEndpoint}?tenant=7`, options)).tokenType, "DPoP");
  assertEquals([scene.sent[0]!.url, scene.sent[0]!.proof!.htu], [`${tokenEndpoint}?tenant=7`, tokenEndpoint]);
});

Deno.test("a Bearer token is refused, unless it is allowed: then the API gets it without proofs", async () => {
  const calls: Headers[] = [];
  await using scene = await startScene();
  const fetch = (input: string | URL | Request, init?: RequestInit) => {
    if (String(input) !== scene.server.tokenEndpoint) {
      calls.push(new Headers(init?.headers));
      return Promise.resolve(new Response());
    }
    return Promise.resolve(Response.json({ access_token: "planted", token_type: "bearer", expires_in: 600 }));
  };

  const error = await assertRejects(() => scene.client({ fetch }).fetch("/x"), AuthenticationError);
  assertEquals([error.code, calls.length], ["unsupported_token_type", 0]);
  assertHides(error, ["planted"]);

  await scene.client({ fetch, dpop: dpop({ allowBearer: true }) }).fetch("/x");
  assertEquals([calls[0]!.get("authorization"), calls[0]!.has("dpop")], ["Bearer planted", false]);

  const bound = await scene.client({ dpop: dpop({ allowBearer: true }) }).getCredentials();
  assertEquals(bound.tokenType, "DPoP");
});

Deno.test("a proof that the server refuses is told with the server's reason", async () => {
  await using scene = await startScene();
  const proofs = dpop({ clock: { wall: () => Date.now() - 3_600_000 } });

  const error = await assertRejects(() => scene.client({ dpop: proofs }).getCredentials(), AuthenticationError);

  assertEquals(
    [error.code, error.error, error.error_description, error.retryable],
    ["token_request_rejected", "invalid_dpop_proof", "DPoP proof iat is not recent enough", false],
  );
});

Deno.test("where the server gives nonces, a clock that is off does no harm", async () => {
  await using scene = await startScene({ serverNonces: true });
  const proofs = dpop({ clock: { wall: () => Date.now() - 3_600_000 } });

  assertEquals((await scene.client({ dpop: proofs }).getCredentials()).tokenType, "DPoP");
});

Deno.test("many callers share one token request, and learn the nonces once", async () => {
  await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });
  const client = scene.client();
  await client.fetch("/v1/projects").then((response) => response.body?.cancel());

  const statuses = await Promise.all(Array.from({ length: 30 }, async () => {
    const response = await client.fetch("/v1/projects");
    await response.body?.cancel();
    return response.status;
  }));

  assertEquals(statuses.filter((status) => status !== 200), []);
  assertEquals(scene.server.tokenRequests.map(({ status }) => status), [400, 200]);
  assertEquals(scene.verifier.faults, ["no nonce"]);
});

Deno.test("cold callers share one token request", async () => {
  await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });
  const client = scene.client();

  await Promise.all(Array.from({ length: 30 }, async () => {
    const response = await client.fetch("/v1/projects");
    assertEquals([response.status, (await response.json()).length], [200, 2]);
  }));

  assertEquals(scene.server.tokenRequests.map(({ status }) => status), [400, 200]);
  // Each of those who were first may have been told of the nonce, and one of them was.
  assertEquals([...new Set(scene.verifier.faults)], ["no nonce"]);
});

Deno.test("a proof that beforeTokenRequest has put on a token request is left as it is", async () => {
  const stub = tokenEndpointStub();
  await getToken(stub.url, {
    clientId: "id",
    clientSecret: "s",
    dpop: dpop({ allowBearer: true }),
    fetch: stub.fetch,
    beforeTokenRequest: ({ headers }) => headers.set("dpop", "own"),
  });

  assertEquals(stub.requests[0]!.headers.get("dpop"), "own");
});

Deno.test("authenticators made from one another have one key", async () => {
  await using scene = await startScene();
  const client = scene.client();
  const other = client.with({ scopes: [] });

  const thumbprints = await Promise.all([client, other].map(async (each) => {
    const { accessToken } = await each.getCredentials();
    return decodeJwt<{ cnf: { jkt: string } }>(accessToken).cnf.jkt;
  }));

  assertEquals(thumbprints[0], thumbprints[1]);
});

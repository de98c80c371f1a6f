import { assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { dpop } from "@m2m/authenticator/dpop";
import { decodeJwt } from "jose";
import { authenticatorAt, besideApi } from "../authenticator_at.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { startScene } from "./scene.ts";

const client = { clientId: "bound", clientSecret: "secret" };

function getThumbprint(accessToken: string): string {
  return decodeJwt<{ cnf: { jkt: string } }>(accessToken).cnf.jkt;
}

Deno.test("getToken: sends a proof without the query, and gets a token bound to its key, as derived ones do", async () => {
  await using scene = await startScene();
  const { tokenEndpoint } = scene.server;
  const url = `${tokenEndpoint}?tenant=7`;

  const { accessToken, tokenType } = await getToken(url, { ...client, fetch: scene.fetch, dpop: scene.proofs });

  assertEquals([tokenType, getThumbprint(accessToken)], ["DPoP", await scene.proofs.thumbprint()]);
  const [{ htm, htu } = {}] = scene.sent.map(({ proof }) => proof!);
  assertEquals([scene.sent[0]!.url, htm, htu], [url, "POST", tokenEndpoint]);
  const derived = await scene.client().with({ scopes: [] }).getCredentials();
  assertEquals(getThumbprint(derived.accessToken), getThumbprint(accessToken));
});

Deno.test("getCredentials: repeats a token request with the server's nonce, and replaces an invalid one", async () => {
  await using scene = await startScene({ serverNonces: true });
  const key = await testKey("ES256");
  const clientAuth = privateKeyJwt(key.cryptoKey, { kid: key.publicJwk.kid });
  const client = scene.client({ clientId: "key", clientAuth });

  await client.getCredentials();
  await client.refreshCredentials();
  scene.proofs.noteNonce(scene.server.issuer, "a-nonce-of-yesterday");
  await client.refreshCredentials();

  assertEquals(scene.tokenStatuses(), [400, 200, 200, 400, 200]);
  const proofs = scene.sent.map(({ proof }) => proof!);
  const [first, second, third, fourth] = proofs.map(({ nonce }) => nonce);
  assertEquals([first, second, fourth], [undefined, third, "a-nonce-of-yesterday"]);
  assertEquals(new Set(proofs.map(({ jti }) => jti)).size, 5);
  // Each has a client assertion of its own.
  assertEquals(new Set(scene.server.tokenRequests.map(({ parameters }) => parameters.client_assertion)).size, 5);
});

Deno.test("getToken: asks twice if the server's nonce is missing, or another each time", async () => {
  for (const makeHeaders of [() => ({}), () => ({ "dpop-nonce": crypto.randomUUID() })]) {
    const { url, fetch, requests } = tokenEndpointStub(() =>
      Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: makeHeaders() })
    );
    const error = await assertRejects(() => getToken(url, { ...client, dpop: dpop(), fetch }), AuthenticationError);

    assertEquals([error.code, error.error, requests.length], ["token_endpoint_error", "use_dpop_nonce", 2]);
  }
});

Deno.test("allowBearer: accepts a Bearer token and sends it without proofs; else it is refused", async () => {
  const stub = tokenEndpointStub();
  const sent: (string | null)[] = [];
  const fetch = besideApi(stub, (headers) => {
    sent.push(headers.get("authorization"), headers.get("dpop"));
    return new Response();
  });
  const strict = authenticatorAt(stub, { dpop: dpop(), fetch });
  const error = await assertRejects(() => strict.fetch("/x"), AuthenticationError);
  assertEquals([error.code, sent], ["unsupported_token_type", []]);
  assertHides(error, ["token-1"]);

  await authenticatorAt(stub, { dpop: dpop({ allowBearer: true }), fetch }).fetch("/x");
  assertEquals(sent, ["Bearer token-2", null]);
});

Deno.test("getCredentials: gets a bound token with a clock that is off if the server uses nonces", async () => {
  await using scene = await startScene({ serverNonces: true });
  const proofs = dpop({ allowBearer: true, clock: { wall: () => Date.now() - 3_600_000 } });
  assertEquals((await scene.client({ dpop: proofs }).getCredentials()).tokenType, "DPoP");
});

Deno.test("beforeTokenRequest: its own proof stays", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  const beforeTokenRequest = ({ headers }: { headers: Headers }) => headers.set("dpop", "own");
  await getToken(url, { ...client, dpop: dpop({ allowBearer: true }), fetch, beforeTokenRequest });

  assertEquals(requests[0]!.headers.get("dpop"), "own");
});

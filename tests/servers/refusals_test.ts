import { assertEquals } from "@std/assert";
import { generateKeyPair, SignJWT } from "jose";
import { dpop } from "@m2m/authenticator/dpop";
import { startScene } from "../dpop/scene.ts";
import { startAuthorizationServer } from "./authorization_server.ts";
import { type ProtectedApiOptions, startProtectedApi } from "./protected_api.ts";

const minutes = (count: number) => ({ clock: { wall: () => Date.now() + count * 60_000 } });

Deno.test("DpopVerifier: accepts a right proof once, and no other", async () => {
  await using scene = await startScene();
  const keyPair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const proofs = dpop({ keyPair });
  const { accessToken } = await scene.client({ dpop: proofs }).getCredentials();
  const url = `${scene.api.origin}/x`;
  const call = { method: "GET", url, accessToken };
  const used = await proofs.proof(call);
  const cases: [what: string, proof: string | undefined, fault?: string][] = [
    ["right", used],
    ["used", used, "seen before"],
    ["of another key", await dpop().proof(call), "another key"],
    ["for another path", await proofs.proof({ ...call, url: `${url}/y` }), "another URL"],
    ["for another host", await proofs.proof({ ...call, url: "https://api.example.com/x" }), "another URL"],
    ["for another method", await proofs.proof({ ...call, method: "POST" }), "another method"],
    ["for another token", await proofs.proof({ ...call, accessToken: "another" }), "another token"],
    ["for no token", await proofs.proof({ method: "GET", url }), "another token"],
    ["of a time to come", await dpop({ keyPair, ...minutes(2) }).proof(call), "another time"],
    ["of a time gone by", await dpop({ keyPair, ...minutes(-2) }).proof(call), "another time"],
    ["absent", undefined, "no proof"],
    ["no JWT", "a.b.c", "JWS Protected Header is invalid"],
    ["changed", used.replace(/\.[^.]+$/, `.${"A".repeat(86)}`), "signature verification failed"],
  ];
  for (const [what, proof, fault] of cases) {
    assertEquals(await send({ authorization: `DPoP ${accessToken}`, ...proof && { dpop: proof } }), fault ? 401 : 200);
    assertEquals(scene.verifier.faults.splice(0), fault ? [fault] : [], what);
  }
  assertEquals(await send({ authorization: `Bearer ${accessToken}`, dpop: await proofs.proof(call) }), 401);
  assertEquals(scene.verifier.faults, ["a bound token under another scheme"]);
  // A token that isn't bound needs no proof.
  const { accessToken: unbound } = await scene.client({ dpop: undefined }).getCredentials();
  assertEquals(await send({ authorization: `Bearer ${unbound}` }), 200);

  async function send(headers: Record<string, string>): Promise<number> {
    const response = await fetch(url, { headers });
    await response.body?.cancel();
    return response.status;
  }
});

Deno.test("protected API: accepts its issuer's live tokens of its audience and scope, and no other", async () => {
  const clients = [{ client_id: "demo", client_secret: "demo-secret" }];
  await using server = await startAuthorizationServer({ clients, scopes: ["api:read", "api:write"] });
  await using api = startApi();
  await using another = startApi({ audience: api.audience, headerKey: "x-token", scope: "api:write" });
  const token = await getToken({ audience: api.audience });
  const header = { alg: "ES256", typ: "at+jwt", kid: (await (await fetch(server.jwksUri)).json()).keys[0].kid };
  const { privateKey } = await generateKeyPair("ES256");
  const forged = await new SignJWT({ scope: "api:read" }).setProtectedHeader(header).setIssuer(server.issuer)
    .setAudience(api.audience).setExpirationTime("1m").sign(privateKey);
  server.lifetime = 1;
  const expired = await getToken({ audience: api.audience });
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  const invalid = 'Bearer error="invalid_token", error_description="The token is invalid"';

  assertEquals(await call(token), [200, null]);
  assertEquals(await call(), [401, "Bearer"]);
  for (const wrong of ["opaque", forged, await getToken({ audience: "https://else.test" })]) {
    assertEquals(await call(wrong), [401, invalid]);
  }
  assertEquals(await call(expired), [401, invalid.replace("is invalid", "has expired")]);
  assertEquals(await call(token, another.origin), [401, "Bearer"]);
  const noScope = 'Bearer error="insufficient_scope", scope="api:write"';
  assertEquals(await call(token, another.origin, "x-token"), [403, noScope]);
  server.lifetime = 600;
  api.revokeAll();
  assertEquals(await call(token), [401, invalid.replace("is invalid", "was revoked")]);
  assertEquals(await call(await getToken({ audience: api.audience })), [200, null]);

  function startApi(options: Partial<ProtectedApiOptions> = {}) {
    return startProtectedApi({ issuer: server.issuer, jwksUri: server.jwksUri, ...options });
  }
  async function getToken(form: Record<string, string>): Promise<string> {
    const body = new URLSearchParams({ grant_type: "client_credentials", scope: "api:read", ...form });
    const headers = { authorization: `Basic ${btoa("demo:demo-secret")}` };
    return (await (await fetch(server.tokenEndpoint, { method: "POST", body, headers })).json()).access_token;
  }
  async function call(token?: string, origin = api.origin, header = "authorization") {
    const response = await fetch(origin, { headers: token === undefined ? {} : { [header]: `Bearer ${token}` } });
    await response.body?.cancel();
    return [response.status, response.headers.get("www-authenticate")];
  }
});

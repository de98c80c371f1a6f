import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { clientMetadata, type ClientMetadataOptions, type PublishedKeys } from "@m2m/authenticator/client-metadata";
import { encodeBase64 } from "@std/encoding/base64";
import { createPrivateKey } from "node:crypto";
import { algorithms, testKey } from "../client_auth/signing_keys.ts";

const clientId = "https://client.test/oauth/me";
const [one, other] = [await testKey("ES256"), await testKey("PS256")];
const get = (options: Partial<ClientMetadataOptions>, path = "/oauth/me/jwks.json", init?: RequestInit) =>
  clientMetadata({ clientId, ...options })(new Request(`http://behind-a-proxy.test${path}`, init));

Deno.test("clientMetadata: serves the document, and the keys at its jwks_uri or in it", async () => {
  const keys = [one.publicJwk as JsonWebKey];
  const usual = {
    client_id: clientId,
    token_endpoint_auth_method: "private_key_jwt",
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
  };
  const set = { keys: [{ ...one.publicJwk, use: "sig" }] };
  const jwks_uri = `${clientId}/jwks.json`;
  const cases: readonly (readonly [options: Partial<ClientMetadataOptions>, path: string, body: unknown])[] = [
    [{ keys }, "/oauth/me", { ...usual, jwks_uri }],
    [{ keys }, "/oauth/me/jwks.json", set],
    [{ keys: { keys } }, "/oauth/me/jwks.json", set],
    [{ keys: () => Promise.resolve(keys), jwks_uri: "https://client.test/keys?v" }, "/keys?v", set],
    [{ jwks: () => keys }, "/oauth/me", { ...usual, jwks: set }],
    [{ keys, clientId: `${clientId}/?of=mine` }, "/oauth/me/jwks.json", set],
    [{ jwks_uri: "https://keys.test/1" }, "/oauth/me", { ...usual, jwks_uri: "https://keys.test/1" }],
    [
      { keys, scope: "a b", "client_name#de": "Ich", grant_types: ["x"] },
      "/oauth/me",
      { ...usual, grant_types: ["x"], scope: "a b", "client_name#de": "Ich", jwks_uri },
    ],
    [
      { token_endpoint_auth_method: "tls_client_auth" },
      "/oauth/me",
      { ...usual, token_endpoint_auth_method: "tls_client_auth" },
    ],
    [{ keys, token_endpoint_auth_method: undefined, grant_types: undefined }, "/oauth/me", { ...usual, jwks_uri }],
  ];
  for (const [options, path, body] of cases) assertEquals(await (await get(options, path)).json(), body);
});

Deno.test("clientMetadata: publishes no private member of a key, in whatever form it is", async () => {
  for (const alg of algorithms) {
    const { pem, privateJwk, publicJwk, secrets } = await testKey(alg);
    const planted = { ...privateJwk, oth: [{ r: "planted" }], k: "planted", other: "planted", key_ops: ["sign"] };
    const pair = { publicKey: publicJwk as JsonWebKey, privateKey: "planted", kid: "kid", sign: () => {} };
    const der = Uint8Array.from(atob(pem.replace(/-----.*?-----|\s/g, "")), (each) => each.charCodeAt(0));
    const parameters = (await testKey(alg)).cryptoKey.algorithm;
    const extractable = await crypto.subtle.importKey("pkcs8", der, parameters, true, ["sign"]);
    const spki = await crypto.subtle.exportKey(
      "spki",
      await crypto.subtle.importKey("jwk", publicJwk as JsonWebKey, parameters, true, ["verify"]),
    );
    const publicPem = `-----BEGIN PUBLIC KEY-----\\n${encodeBase64(spki)}\\n-----END PUBLIC KEY-----`;
    const traditional = (type: "pkcs1" | "sec1") => createPrivateKey(pem).export({ type, format: "pem" });
    const forms: unknown[] = [
      ...[planted, JSON.stringify(planted), pem, publicPem, extractable, pair],
      ...[der, new Uint8Array(spki), der.buffer, btoa(pem), { keys: [publicJwk, planted] }],
      { private_key: pem, private_key_id: "kid", client_email: "planted" },
      ...publicJwk.kty === "RSA" ? [traditional("pkcs1")] : publicJwk.kty === "EC" ? [traditional("sec1")] : [],
    ];
    for (const form of [...forms, ...forms.map((key) => ({ key, kid: "kid-of-" + alg, alg })), () => planted]) {
      for (const [name, path] of [["keys", "/oauth/me/jwks.json"], ["jwks", "/oauth/me"]]) {
        const text = await (await get({ [name!]: [form] as PublishedKeys }, path)).text();
        const { keys: [key] } = name === "keys" ? JSON.parse(text) : JSON.parse(text).jwks;
        const { kid = "none", alg: named = alg, ...rest } = key;
        const { kid: _, ...expected } = publicJwk;
        assertEquals(rest, { ...expected, use: "sig" });
        assert(/^(none|kid|kid-of-.*)$/.test(kid) && named === alg);
        for (const secret of ["planted", ...secrets]) assertFalse(text.includes(secret));
      }
    }
  }
});

Deno.test("clientMetadata: asks a function for the keys once a second, and once for all that ask; its failure hides none", async () => {
  let kid = 0;
  const look = () => kid < 3 ? { key: one.pem, kid: String(++kid) } : Promise.reject(new Error("vault"));
  const sources = [async () => [await look()], [look]] as ClientMetadataOptions["keys"][];
  const cases = [[undefined, ["1 1", "1 1"]], [0, ["1 1", "2 2", "3 3", "3 3"]]] as const;
  for (const keys of sources) {
    for (const [maxAge, expected] of cases) {
      kid = 0;
      const handle = clientMetadata({ clientId, keys, maxAge });
      const ask = async () => (await (await handle(new Request(`${clientId}/jwks.json`))).json()).keys[0].kid;
      for (const kids of expected) assertEquals((await Promise.all([ask(), ask()])).join(" "), kids);
    }
  }
});

Deno.test("clientMetadata: answers by caching headers, conditions and methods", async () => {
  const keys = [one.pem];
  const first = await get({ keys });
  const etag = first.headers.get("etag")!;
  const length = String((await first.arrayBuffer()).byteLength);
  const ask = (method: string, condition?: string, options: Partial<ClientMetadataOptions> = {}, path?: string) =>
    get({ keys, ...options }, path, { method, headers: condition ? { "if-none-match": condition } : {} });
  const cases: readonly (readonly [Promise<Response>, status: number, Record<string, string>])[] = [
    [ask("GET"), 200, { "content-type": "application/json", "cache-control": "max-age=60", etag }],
    [ask("GET", undefined, { maxAge: 3_600_500 }), 200, { "cache-control": "max-age=3600" }],
    [ask("HEAD"), 200, { "content-length": length, etag }],
    [ask("GET", '"another"'), 200, { etag }],
    [ask("GET", `"another", W/${etag}`), 304, { "cache-control": "max-age=60", etag }],
    [ask("HEAD", "*"), 304, { etag }],
    [ask("POST"), 405, { allow: "GET, HEAD", "cache-control": "no-store" }],
    ...["/", "/oauth/me/", "/oauth/me?x", "/oauth", "/constructor"].map((path) =>
      [ask("GET", undefined, {}, path), 404, { "cache-control": "no-store" }] as const
    ),
  ];
  for (const [response, status, headers] of cases) {
    const { status: got, headers: all, body } = await response;
    assertEquals(got, status);
    for (const [name, value] of Object.entries({ ...headers, "access-control-allow-origin": "*" })) {
      assertEquals(all.get(name), value);
    }
    await body?.cancel();
  }
  const swapped = await get({ keys: [other.pem] });
  assertFalse(swapped.headers.get("etag") === etag);
  await swapped.body?.cancel();
});

Deno.test("clientMetadata: refuses what can't identify a client, and what must not be published", async () => {
  const keys = [one.pem];
  const ids: readonly (readonly [unknown, string])[] = [
    ["client.test/me", "must be a URL"],
    [new URL(clientId), "must be a URL"],
    ["ftp://client.test/me", "must be a URL"],
    ["http://client.test/me", "must be https:"],
    ["https://client.test", "must have a path"],
    ["https://client.test/", "must have a path"],
    ["https://client.test?me", "must have a path"],
    ["https://me:secret@client.test/me", "no user name"],
    ["https://client.test/me#", "no fragment"],
    ["https://client.test/a/../me", "no segments"],
    ["https://client.test/%2E/me", "no segments"],
    ["https://client.test/m e", "no white space"],
  ];
  for (const [id, message] of ids) {
    const error = assertThrows(() => clientMetadata({ clientId: id as string, keys }), TypeError, message);
    assertFalse(error.message.includes("secret"));
  }
  for (const id of ["http://127.0.0.1:8/me", "http://localhost/me", "https://client.test:8443/a.b/..c"]) {
    clientMetadata({ clientId: id, keys });
  }
  const wrong: readonly (readonly [options: object, message: string])[] = [
    [{}, "keys must be given"],
    [{ keys: [] }, "at least one key"],
    [{ keys, jwks: keys }, "combined"],
    [{ keys, jwks_uri: "https://other.test/keys" }, "combined"],
    [{ jwks: keys, jwks_uri: `${clientId}/keys` }, "combined"],
    [{ keys, jwks_uri: "keys" }, "jwks_uri must be a URL"],
    [{ jwks_uri: "keys" }, "jwks_uri must be a URL"],
    [{ keys, jwks_uri: clientId }, "jwks_uri must be another URL"],
    [{ jwks_uri: clientId }, "jwks_uri must be another URL"],
    [{ keys, client_id: "https://other.test/me" }, "client_id must be left out"],
    [{ token_endpoint_auth_method: "self_signed_tls_client_auth" }, "keys must be given"],
    [{ keys: [{ kty: "oct", k: "planted" }] }, "shared secret"],
    [{ keys: [{ kty: "EC", crv: "P-256", d: "planted" }] }, "must be a JWK"],
    [{ keys: ["planted"] }, "must be a JWK, PEM"],
    [{ keys: ["{planted"] }, "must be a JWK, PEM"],
    [
      { keys: ["-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAQwADAA\n-----END ENCRYPTED PRIVATE KEY-----"] },
      "not encrypted",
    ],
    [{ keys: [{ sign: () => {}, kid: "1" }] }, "a signer: its publicKey"],
    [{ keys: [one.cryptoKey] }, "publicKey beside it"],
    [{ keys, clientName: "x" }, "clientName must be an option"],
    [{ keys, client_secret: "planted" }, "client_secret must not"],
    [{ keys, token_endpoint_auth_method: "client_secret_jwt" }, "without a shared secret"],
    [{ keys, its_key: { deep: [one.privateJwk] } }, "no private key"],
    [{ keys, its_key: one.pem }, "its_key must hold no private key"],
    [{ keys, its_key: JSON.stringify(one.privateJwk) }, "its_key must hold no private key"],
  ];
  for (const [options, message] of wrong) {
    const error = assertThrows(() => clientMetadata({ clientId, ...options }), TypeError, message);
    for (const secret of ["planted", ...one.secrets]) assertFalse(error.message.includes(secret));
  }
  assertThrows(() => clientMetadata({ clientId, keys, maxAge: -1 }), RangeError, "maxAge");
  const twice = [{ key: one.pem, kid: "1" }, { key: other.pem, kid: "1" }];
  for (const several of [twice, [one.pem, other.pem], [{ key: one.pem, kid: "1" }, other.pem]]) {
    await assertRejects(() => get({ keys: several }), TypeError, "kid of its own");
  }
  await assertRejects(() => get({ keys: () => Promise.reject(new Error("vault")) }), Error, "vault");
});

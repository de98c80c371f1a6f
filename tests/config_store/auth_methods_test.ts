import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import fc from "fast-check";
import {
  AuthenticationError,
  type ClientAuth,
  ClientCredentialsAuthenticator,
  clientSecretPost,
  none,
} from "@m2m/authenticator";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { selfSignedTlsClientAuth, tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { DiscoveryClientConfigStore, type DiscoveryOptions } from "@m2m/authenticator/config-store/discovery";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { metadataStub } from "./metadata_stub.ts";

const issuer = "https://auth.test";
const secret = "a-planted-secret-of-at-least-32-bytes";

/** A store for a server that publishes this. */
function storeOf(published: Record<string, unknown>, options: DiscoveryOptions = {}) {
  const fetch = () => Promise.resolve(Response.json({ issuer, token_endpoint: `${issuer}/token`, ...published }));
  return new DiscoveryClientConfigStore(issuer, { fetch, ...options });
}

async function refusal(supported: unknown, authMethod = "client_secret_basic"): Promise<string> {
  const store = storeOf({ token_endpoint_auth_methods_supported: supported });
  const error = await assertRejects(
    async () => await store.getClientConfig({ authMethod }),
    AuthenticationError,
  );
  assertEquals([error.code, error.retryable, error.cause], ["invalid_config", false, undefined]);
  return error.message;
}

const ways: Readonly<Record<string, { clientSecret: string } | { clientAuth: ClientAuth }>> = {
  client_secret_basic: { clientSecret: secret },
  client_secret_post: { clientAuth: clientSecretPost(secret) },
  client_secret_jwt: { clientAuth: clientSecretJwt(secret) },
};

for (const taken of Object.keys(ways)) {
  Deno.test(`a real server that takes ${taken} alone is asked by nothing else, unless its word is ignored`, async () => {
    await using server = await startAuthorizationServer({
      authMethods: [taken],
      clients: [{
        client_id: "my-client",
        client_secret: secret,
        token_endpoint_auth_method: taken as "client_secret_post",
      }],
    });
    const tried = (way: typeof ways[string], options: DiscoveryOptions) =>
      new ClientCredentialsAuthenticator({
        endpoint: "http://127.0.0.1:1",
        clientId: "my-client",
        ...way,
        configStore: new DiscoveryClientConfigStore(server.issuer, options),
      }).getCredentials().then(({ tokenType }) => tokenType, (error: AuthenticationError) => error.code);
    for (const [method, way] of Object.entries(ways)) {
      const asked = server.tokenRequests.length;

      assertEquals(await tried(way, {}), method === taken ? "Bearer" : "invalid_config");

      assertEquals(server.tokenRequests.length - asked, method === taken ? 1 : 0);
      // What it answers then is its own to say.
      await tried(way, { ignoreAuthMethods: true });
      assertEquals(server.tokenRequests.length - asked, method === taken ? 2 : 1);
    }
  });
}

Deno.test("the error says what the server takes, and what to pass for it", async () => {
  assertEquals(
    await refusal(["tls_client_auth", "private_key_jwt", "client_secret_post"]),
    "Cannot authenticate by client_secret_basic: https://auth.test supports client_secret_post, private_key_jwt, " +
      "tls_client_auth (token_endpoint_auth_methods_supported). Pass clientAuth: clientSecretPost(secret); or " +
      "clientAuth: privateKeyJwt(key); or clientAuth: tlsClientAuth() with a clientCertificate. If its metadata is " +
      "incomplete, set ignoreAuthMethods on the config store.",
  );
  assertEquals(
    await refusal(["spiffe_jwt"], "private_key_jwt"),
    "Cannot authenticate by private_key_jwt: https://auth.test supports spiffe_jwt " +
      "(token_endpoint_auth_methods_supported). If its metadata is incomplete, " +
      "set ignoreAuthMethods on the config store.",
  );
});

Deno.test("a value is named for every method, and it has that method", async () => {
  const methods = [...Object.keys(ways), "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none"];
  const message = await refusal(methods, "another");
  for (const value of ["clientSecret;", "clientSecretPost(secret)", "clientSecretJwt(secret)", "privateKeyJwt(key)"]) {
    assert(message.includes(value), message);
  }
  for (const { method } of [tlsClientAuth(), selfSignedTlsClientAuth(), none()]) {
    const value = method.replace(/_./g, ([, letter]) => letter!.toUpperCase());
    assert((await refusal([method])).includes(`Pass clientAuth: ${value}()`), method);
  }
});

Deno.test("nothing is refused where the server doesn't say, or whoever asks doesn't", async () => {
  for (const supported of [undefined, null, [], "client_secret_post", [7], { 0: "client_secret_post" }]) {
    const store = storeOf({ token_endpoint_auth_methods_supported: supported });
    assertEquals((await store.getClientConfig({ authMethod: "private_key_jwt" })).tokenEndpoint, `${issuer}/token`);
  }
  const store = storeOf({ token_endpoint_auth_methods_supported: ["private_key_jwt"] });
  assertEquals((await store.getClientConfig()).tokenEndpoint, `${issuer}/token`);
  assertEquals((await store.getMetadata({ authMethod: "none" })).issuer, issuer);
});

Deno.test("of a hostile list nothing shows that isn't a short name, and only a few of those", async () => {
  const prose = "call 555-planted now!";
  assertEquals(
    (await refusal([prose, "\u001b[31mplanted", "x".repeat(41), "a\nb", "", "<b>"])).split(". ")[0],
    "Cannot authenticate by client_secret_basic: https://auth.test supports other methods " +
      "(token_endpoint_auth_methods_supported)",
  );
  const many = await refusal([...Array.from({ length: 1_000 }, (_, index) => `m${index}`), "none", prose]);
  assert(many.includes("supports none, m0, m1, m2, m3, m4, m5, m6 and others ("), many);
  assertFalse(many.includes("planted"));
  const own = await refusal(["none"], prose);
  assert(own.startsWith("Cannot authenticate by the method of clientAuth: "), own);
  assertFalse(own.includes("planted"));
});

Deno.test("whatever the list says, a method on it is taken, and the message of any other is short and printable", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(
      fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.constantFrom("none", "__proto__", "constructor")),
    ),
    fc.string(),
    async (supported, authMethod) => {
      const store = storeOf({ token_endpoint_auth_methods_supported: supported });
      const message = await Promise.resolve(store.getClientConfig({ authMethod })).then(() => undefined, String);
      // What crosses as JSON may come back as something else: a lone surrogate.
      const arrived: string[] = JSON.parse(
        new TextDecoder().decode(new TextEncoder().encode(JSON.stringify(supported))),
      );
      assertEquals(message === undefined, arrived.length === 0 || arrived.includes(authMethod));
      if (message !== undefined) assert(/^[ -~]{1,900}$/.test(message), message);
    },
  ));
});

Deno.test("all who ask at once share one request, and each is judged by its own method", async () => {
  const server = metadataStub();
  const fetch: typeof server.fetch = async (input, init) => {
    const document = await (await server.fetch(input, init)).json();
    return Response.json({ ...document, token_endpoint_auth_methods_supported: ["none", "tls_client_auth"] });
  };
  const store = new DiscoveryClientConfigStore(issuer, { fetch });

  const ends = await Promise.all(
    ["none", "client_secret_basic", undefined, "tls_client_auth", "private_key_jwt"].map((authMethod) =>
      store.getClientConfig({ authMethod }).then(() => "settings", ({ code }) => code)
    ),
  );

  assertEquals(ends, ["settings", "invalid_config", "settings", "settings", "invalid_config"]);
  assertEquals(server.paths.length, 1);
});

Deno.test("who proves itself by a certificate gets the endpoints for mutual TLS, others where they are asked for", async () => {
  const ordinary = { token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` };
  const aliases = { token_endpoint: "https://mtls.test/token", revocation_endpoint: "https://mtls.test/revoke" };
  const endpoints = async (
    published: Record<string, unknown>,
    authMethod?: string,
    useMtlsEndpointAliases?: boolean,
  ) => {
    const store = storeOf(published, { useMtlsEndpointAliases });
    const { tokenEndpoint, revocationEndpoint } = await store.getClientConfig({ authMethod });
    return { token_endpoint: tokenEndpoint, revocation_endpoint: revocationEndpoint };
  };
  const published = { ...ordinary, mtls_endpoint_aliases: aliases };
  for (const method of ["tls_client_auth", "self_signed_tls_client_auth"]) {
    assertEquals(await endpoints(published, method), aliases);
    assertEquals(await endpoints(published, method, false), ordinary);
    assertEquals(await endpoints(ordinary, method), ordinary);
    assertEquals(await endpoints({ ...ordinary, mtls_endpoint_aliases: {} }, method), ordinary);
  }
  for (const method of [undefined, "none", "private_key_jwt"]) {
    assertEquals(await endpoints(published, method), ordinary);
    assertEquals(await endpoints(published, method, true), aliases);
    assertEquals(await endpoints(ordinary, method, true), ordinary);
  }
  // Each endpoint for itself, as RFC 8705 §5 has it.
  assertEquals(
    await endpoints(
      { ...ordinary, mtls_endpoint_aliases: { token_endpoint: aliases.token_endpoint } },
      "tls_client_auth",
    ),
    { ...ordinary, token_endpoint: aliases.token_endpoint },
  );
});

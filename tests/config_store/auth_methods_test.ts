import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
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
import { issuer, MetadataStub } from "./metadata_stub.ts";

const secret = "a-planted-secret-of-at-least-32-bytes";

/** A store for a server that supports these methods. */
function createStore(token_endpoint_auth_methods_supported: unknown) {
  const stub = new MetadataStub();
  stub.server = { token_endpoint_auth_methods_supported };
  return { stub, store: new DiscoveryClientConfigStore(issuer, { fetch: stub.fetch }) };
}

/** The message to a client of this method. */
async function refuse(supported: unknown, authMethod = "client_secret_basic"): Promise<string> {
  const error = await assertRejects(
    () => createStore(supported).store.getClientConfig({ authMethod }),
    AuthenticationError,
  );
  assertEquals([error.code, error.retryable, error.cause], ["invalid_config", false, undefined]);
  return error.message;
}

const secrets: Readonly<Record<string, { clientSecret: string } | { clientAuth: ClientAuth }>> = {
  client_secret_basic: { clientSecret: secret },
  client_secret_post: { clientAuth: clientSecretPost(secret) },
  client_secret_jwt: { clientAuth: clientSecretJwt(secret) },
};

for (const supported of Object.keys(secrets)) {
  Deno.test(`auth methods: a real server for ${supported} gets no other, unless they are ignored`, async () => {
    const client = { client_id: "my-client", client_secret: secret };
    await using server = await startAuthorizationServer({
      authMethods: [supported],
      clients: [{ ...client, token_endpoint_auth_method: supported as "client_secret_post" }],
    });
    for (const [method, clientAuth] of Object.entries(secrets)) {
      const isSupported = method === supported;
      const authenticate = (options: DiscoveryOptions) =>
        new ClientCredentialsAuthenticator({
          endpoint: "http://127.0.0.1:1",
          clientId: "my-client",
          ...clientAuth,
          configStore: new DiscoveryClientConfigStore(server.issuer, options),
        }).getCredentials().then(({ tokenType }) => tokenType, (error: AuthenticationError) => error.code);
      const before = server.tokenRequests.length;

      assertEquals(await authenticate({}), isSupported ? "Bearer" : "invalid_config");

      assertEquals(server.tokenRequests.length - before, isSupported ? 1 : 0);
      // How the server answers then is up to it.
      await authenticate({ ignoreAuthMethods: true });
      assertEquals(server.tokenRequests.length - before, isSupported ? 2 : 1);
    }
  });
}

Deno.test("auth methods: the error names those the server supports, and a value for each", async () => {
  const methods = [
    ...Object.keys(secrets),
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
  ];
  const message = await refuse(methods, "another");
  const values = ["clientSecret;", "clientSecretPost(secret)", "clientSecretJwt(secret)", "privateKeyJwt(key)"];
  for (const text of [`by another: ${issuer} supports`, ...methods, ...values, "ignoreAuthMethods"]) {
    assertStringIncludes(message, text);
  }
  for (const { method } of [tlsClientAuth(), selfSignedTlsClientAuth(), none()]) {
    const value = method.replace(/_./g, ([, letter]) => letter!.toUpperCase());
    assertStringIncludes(await refuse([method]), `Pass clientAuth: ${value}()`);
  }
  const unknown = await refuse(["spiffe_jwt"], "private_key_jwt");
  assertStringIncludes(unknown, "supports spiffe_jwt");
  assertFalse(unknown.includes("Pass"));
});

Deno.test("auth methods: of a hostile list the error shows only short names, and few", async () => {
  const prose = "call 555-planted now!";
  const hostile = await refuse([prose, "\u001b[31mplanted", "x".repeat(41), "a\nb", "", "<b>"]);
  assertStringIncludes(hostile, "supports other methods (");
  const many = await refuse([...Array.from({ length: 1_000 }, (_, index) => `m${index}`), "none", prose]);
  assertStringIncludes(many, "supports none, m0, m1, m2, m3, m4, m5, m6 and others (");
  const own = await refuse(["none"], prose);
  assertStringIncludes(own, "by the method of clientAuth: ");
  for (const message of [hostile, many, own]) assertFalse(message.includes("planted"));
});

Deno.test("auth methods: a listed method is accepted, and the error for any other is short and printable", async () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom("none", "__proto__", "constructor"),
  );
  await fc.assert(fc.asyncProperty(fc.array(name), fc.string(), async (supported, authMethod) => {
    const message = await createStore(supported).store.getClientConfig({ authMethod }).then(() => undefined, String);
    // JSON doesn't carry a lone surrogate.
    const arrived: string[] = JSON.parse(new TextDecoder().decode(new TextEncoder().encode(JSON.stringify(supported))));
    assertEquals(message === undefined, arrived.length === 0 || arrived.includes(authMethod));
    if (message !== undefined) assert(/^[ -~]{1,900}$/.test(message), message);
  }));
});

Deno.test("auth methods: concurrent callers share one request, and each has its own method checked", async () => {
  const { stub, store } = createStore(["none", "tls_client_auth"]);

  const ends = await Promise.all(
    ["none", "client_secret_basic", undefined, "tls_client_auth", "private_key_jwt"].map((authMethod) =>
      store.getClientConfig({ authMethod }).then(() => "settings", ({ code }) => code)
    ),
  );

  assertEquals(ends, ["settings", "invalid_config", "settings", "settings", "invalid_config"]);
  assertEquals(stub.urls.length, 1);
});

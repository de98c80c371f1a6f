import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { AuthenticationError } from "@m2m/authenticator";
import { issuer, MetadataStub, stores } from "./metadata_stub.ts";

/** A store for a server that supports these methods. */
function createStore(token_endpoint_auth_methods_supported: unknown) {
  const stub = new MetadataStub();
  stub.server = { token_endpoint_auth_methods_supported };
  return { stub, store: stores.discovery({ fetch: stub.fetch }) };
}

const prose = "call 555-planted now!";
const constructors = {
  client_secret_basic: "clientSecret;",
  client_secret_post: "clientSecretPost(secret)",
  client_secret_jwt: "clientSecretJwt(secret)",
  private_key_jwt: "privateKeyJwt(key)",
  tls_client_auth: "tlsClientAuth()",
  self_signed_tls_client_auth: "selfSignedTlsClientAuth()",
  none: "none()",
};
const [some, others] = [Object.keys(constructors).slice(0, 4), Object.keys(constructors).slice(4)];
const many = [...Array.from({ length: 1_000 }, (_, index) => `m${index}`), "none", prose];
const wrong: [supported: string[], authMethod: string, says: string[], not?: string][] = [
  [some, "another", [`by another: ${issuer} supports`, ...some, ...some.map((name) => constructors[name as "none"])]],
  [[...some, ...others], "another", [...some, ...others, "ignoreAuthMethods"]],
  ...others.map((name): typeof wrong[0] => [[name], "x", [`Pass clientAuth: ${constructors[name as "none"]}`]]),
  [["spiffe_jwt"], "private_key_jwt", ["supports spiffe_jwt"], "Pass"],
  [[prose, "\u001b[31mplanted", "x".repeat(41), "a\nb", "", "<b>"], "x", ["supports other methods ("]],
  [many, "x", ["supports none, m0, m1, m2, m3, m4, m5, m6 and others ("]],
  [["none"], prose, ["by the method of clientAuth: "]],
];
for (const [supported, authMethod, says, not = "planted"] of wrong) {
  Deno.test(`auth methods: the error for ${authMethod}, not ${supported.slice(0, 9)}, says ${says}`, async () => {
    const getConfig = () => createStore(supported).store.getClientConfig({ authMethod });
    const error = await assertRejects(getConfig, AuthenticationError);
    assertEquals([error.code, error.retryable, error.cause], ["invalid_config", false, undefined]);
    for (const text of says) assertStringIncludes(error.message, text);
    assertFalse(error.message.includes(not));
  });
}

Deno.test("auth methods: a listed method is accepted, and the error for any other is short and printable", async () => {
  const known = fc.constantFrom("none", "__proto__", "constructor");
  const name = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), known);
  await fc.assert(fc.asyncProperty(fc.array(name), fc.string(), async (supported, authMethod) => {
    const message = await createStore(supported).store.getClientConfig({ authMethod }).then(() => undefined, String);
    // JSON doesn't carry a lone surrogate.
    const arrived: string[] = JSON.parse(new TextDecoder().decode(new TextEncoder().encode(JSON.stringify(supported))));
    assertEquals(message === undefined, arrived.length === 0 || arrived.includes(authMethod));
    if (message !== undefined) assert(/^[ -~]{1,900}$/.test(message), message);
  }));
});

const chosen: readonly [supported: string[], alternative: string | undefined, result: string | undefined][] = [
  [["client_secret_basic", "client_secret_post"], "client_secret_post", undefined],
  [["private_key_jwt", "client_secret_post"], "client_secret_post", "client_secret_post"],
  [[], "client_secret_post", undefined],
  [["client_secret_post"], undefined, "invalid_config"],
  [["private_key_jwt"], "client_secret_post", "invalid_config"],
];
for (const [supported, alternative, result] of chosen) {
  Deno.test(`auth methods: Basic, or ${alternative}, where ${supported} are supported, makes ${result}`, async () => {
    const request = { authMethod: "client_secret_basic", alternative };
    const found = await createStore(supported).store.getClientConfig(request).then(
      ({ authMethod }) => authMethod,
      ({ code }) => code,
    );
    assertEquals(found, result);
  });
}

Deno.test("auth methods: concurrent callers share one request, and each has its own method checked", async () => {
  const { stub, store } = createStore(["none", "tls_client_auth"]);
  const methods = { none: "ok", client_secret_basic: "invalid_config", tls_client_auth: "ok", other: "invalid_config" };

  const ends = Object.keys(methods).map((authMethod) =>
    store.getClientConfig({ authMethod }).then(() => "ok", ({ code }) => code)
  );

  assertEquals(await Promise.all(ends), Object.values(methods));
  assertEquals(stub.urls.length, 1);
});

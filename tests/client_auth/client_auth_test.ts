import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  type ClientAuth,
  clientSecretBasic,
  clientSecretPost,
  getBasicAuthorizationHeader,
  getToken,
  none,
} from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { selfSignedTlsClientAuth, tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";

Deno.test("getBasicAuthorizationHeader: refuses a raw id with a colon, and an unknown encoding", () => {
  // The portable suite and tests/faults have what is encoded.
  assertEquals(getBasicAuthorizationHeader("a:b", "c"), `Basic ${btoa("a%3Ab:c")}`);
  assertThrows(() => getBasicAuthorizationHeader("a:b", "c", { encoding: "raw" }), TypeError, "colon");
  assertThrows(() => getBasicAuthorizationHeader("a", "b", { encoding: "RAW" as "raw" }), TypeError, '"raw"');
});

Deno.test("clientAuth: has the method's registered name", () => {
  const auths = [clientSecretBasic("s"), clientSecretPost("s"), none(), tlsClientAuth(), selfSignedTlsClientAuth()];
  const names = "client_secret_basic client_secret_post none tls_client_auth self_signed_tls_client_auth";
  assertEquals(auths.map(({ method }) => method).join(" "), names);
});

type Source = (source: () => string | Promise<string>) => ClientAuth;
const bySecret = { clientSecretBasic, clientSecretPost, clientSecretJwt };
const notSecrets = ["", undefined, 7];
const noJwts = ["", " \n", undefined, null, 7, {}, "<html>planted</html>", '{"token":"planted"}', "planted", "a.b"];
const sources: readonly (readonly [name: string, make: Source, invalid: readonly unknown[], message: string])[] = [
  ...Object.entries(bySecret).map(([name, make]) => [name, make, notSecrets, "secret"] as const),
  ["clientAssertion", clientAssertion, noJwts, "must return a JWT"],
  ["privateKeyJwt", privateKeyJwt, [], ""],
];
for (const [name, make, invalid, message] of sources) {
  Deno.test(`${name}: a function's error is the cause, it must return a valid value, and nothing is sent`, async () => {
    const { url, fetch, requests } = tokenEndpointStub();
    const fail = (clientAuth: ClientAuth, message: string) =>
      assertRejects(() => getToken(url, { clientId: "id", clientAuth, fetch }), AuthenticationError, message);
    const sealed = new Error("the vault is sealed");
    const failed = await fail(make(() => Promise.reject(sealed)), "");
    assertEquals([failed.code, failed.retryable, failed.cause], ["client_auth_unavailable", false, sealed]);
    for (const value of invalid) {
      const error = await fail(make(() => value as string), message);
      assertEquals(error.code, "client_auth_unavailable");
      assertHides(error, ["planted"]);
    }
    assertEquals(requests.length, 0);
  });
}

Deno.test("client secrets: are hidden, and must not be empty", () => {
  for (const make of Object.values(bySecret)) {
    assertHides(make("planted-secret"), ["planted"]);
    for (const secret of notSecrets) assertThrows(() => make(secret as string), TypeError, "not empty");
  }
});

Deno.test("clientAuth: an object of your own adds headers and parameters, and redacts what it adds", async () => {
  const { url, fetch, requests } = tokenEndpointStub(() =>
    Response.json({ error: "invalid_client", error_description: "key k-4711 is unknown" }, { status: 401 })
  );
  const clientAuth: ClientAuth = {
    method: "vendor_key",
    authenticate({ headers, body, redact }) {
      redact("k-4711");
      headers.set("x-vendor-key", "k-4711");
      body.set("vendor", "1");
    },
  };
  const error = await assertRejects(() => getToken(url, { clientId: "id", clientAuth, fetch }), AuthenticationError);
  assertEquals([requests[0]?.headers.get("x-vendor-key"), requests[0]?.form.get("vendor")], ["k-4711", "1"]);
  assertEquals(error.error_description, "key [redacted] is unknown");
});

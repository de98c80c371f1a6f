import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  type BasicEncoding,
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

const longSecret = "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=";
const longHeader =
  "MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA==";
const headers: readonly [id: string, secret: string, encoding: BasicEncoding | undefined, base64: string][] = [
  ["client_id", "abc", undefined, "Y2xpZW50X2lkOmFiYw=="],
  ["client_id", "abc%%$?\\/\\/", undefined, "Y2xpZW50X2lkOmFiYyUyNSUyNSUyNCUzRiU1QyUyRiU1QyUyRg=="],
  ["1PpG/Q 1", longSecret, undefined, longHeader],
  ["a:b", "c", "form", btoa("a%3Ab:c")],
  ["ü", "ß", "form", btoa("%C3%BC:%C3%9F")],
  ["ü", "ß", "raw", "w7w6w58="],
  ["client id", "a%b:c", "raw", btoa("client id:a%b:c")],
];
for (const [id, secret, encoding, base64] of headers) {
  Deno.test(`getBasicAuthorizationHeader: encodes ${id}:${secret} as ${encoding ?? "form by default"}`, () => {
    assertEquals(getBasicAuthorizationHeader(id, secret, { encoding }), `Basic ${base64}`);
  });
}

Deno.test("getBasicAuthorizationHeader: refuses a raw id with a colon, and an unknown encoding", () => {
  assertThrows(() => getBasicAuthorizationHeader("a:b", "c", { encoding: "raw" }), TypeError, "colon");
  assertThrows(() => getBasicAuthorizationHeader("a", "b", { encoding: "RAW" as "raw" }), TypeError, '"raw"');
});

const id = "client_id=my+id";
const requests: readonly [ClientAuth, method: string, form: string, authorization?: string][] = [
  [clientSecretBasic("s3cret"), "client_secret_basic", "", `Basic ${btoa("my+id:s3cret")}`],
  [clientSecretPost("s3cret"), "client_secret_post", `&${id}&client_secret=s3cret`],
  [none(), "none", `&${id}`],
  [tlsClientAuth(), "tls_client_auth", `&${id}`],
  [selfSignedTlsClientAuth(), "self_signed_tls_client_auth", `&${id}`],
];
for (const [clientAuth, method, form, authorization = null] of requests) {
  Deno.test(`${method}: sends its proof and nothing else`, async () => {
    const { url, fetch, requests } = tokenEndpointStub();
    await getToken(url, { clientId: "my id", clientAuth, fetch });

    assertEquals(clientAuth.method, method);
    const sent = requests.map(({ form, headers }) => [form.toString(), headers.get("authorization")]);
    assertEquals(sent, [[`grant_type=client_credentials${form}`, authorization]]);
  });
}

type Source = (source: () => string | Promise<string>) => ClientAuth;
const bySecret = { clientSecretBasic, clientSecretPost, clientSecretJwt };
const notSecrets = ["", undefined, 7];
const notAssertions = [
  "",
  " \n",
  undefined,
  null,
  7,
  {},
  "<html>planted</html>",
  '{"token":"planted"}',
  "planted",
  "a.b",
];
const sources: readonly (readonly [name: string, make: Source, invalid: readonly unknown[], message: string])[] = [
  ...Object.entries(bySecret).map(([name, make]) => [name, make, notSecrets, "secret"] as const),
  ["clientAssertion", clientAssertion, notAssertions, "must return a JWT"],
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

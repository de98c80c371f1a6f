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

const headers: readonly (readonly [id: string, secret: string, encoding: BasicEncoding | undefined, header: string])[] =
  [
    ["client_id", "abc", undefined, "Basic Y2xpZW50X2lkOmFiYw=="],
    ["client_id", "abc%%$?\\/\\/", undefined, "Basic Y2xpZW50X2lkOmFiYyUyNSUyNSUyNCUzRiU1QyUyRiU1QyUyRg=="],
    [
      "1PpG/Q 1",
      "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=",
      undefined,
      "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA==",
    ],
    ["a:b", "c", "form", `Basic ${btoa("a%3Ab:c")}`],
    ["ü", "ß", "form", `Basic ${btoa("%C3%BC:%C3%9F")}`],
    ["ü", "ß", "raw", "Basic w7w6w58="],
    ["client id", "a%b:c", "raw", `Basic ${btoa("client id:a%b:c")}`],
  ];
for (const [id, secret, encoding, header] of headers) {
  Deno.test(`getBasicAuthorizationHeader: encodes ${id}:${secret} as ${encoding ?? "form by default"}`, () => {
    assertEquals(getBasicAuthorizationHeader(id, secret, { encoding }), header);
  });
}

Deno.test("getBasicAuthorizationHeader: refuses a raw id with a colon, and an unknown encoding", () => {
  assertThrows(() => getBasicAuthorizationHeader("a:b", "c", { encoding: "raw" }), TypeError, "colon");
  assertThrows(() => getBasicAuthorizationHeader("a", "b", { encoding: "RAW" as "raw" }), TypeError, '"raw"');
});

const id = "client_id=my+id";
const requests: readonly (readonly [ClientAuth, method: string, form: string, authorization?: string])[] = [
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
    assertEquals(requests[0]?.form.toString(), `grant_type=client_credentials${form}`);
    assertEquals(requests[0]?.headers.get("authorization"), authorization);
  });
}

Deno.test("clientSecret: a function is called for every request", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  let version = 0;
  const clientAuth = clientSecretBasic(() => `secret-${++version}`);
  for (let i = 0; i < 2; i++) await getToken(url, { clientId: "id", clientAuth, fetch });

  const headers = requests.map(({ headers }) => headers.get("authorization"));
  assertEquals(headers, [`Basic ${btoa("id:secret-1")}`, `Basic ${btoa("id:secret-2")}`]);
});

const bySecret = { clientSecretBasic, clientSecretPost, clientSecretJwt };
for (const [name, make] of Object.entries({ ...bySecret, clientAssertion, privateKeyJwt })) {
  Deno.test(`${name}: a function's error is the cause, and nothing is sent`, async () => {
    const { url, fetch, requests } = tokenEndpointStub();
    const sealed = new Error("the vault is sealed");
    const clientAuth = make(() => Promise.reject(sealed));
    const error = await assertRejects(() => getToken(url, { clientId: "id", clientAuth, fetch }), AuthenticationError);

    assertEquals([error.code, error.retryable, error.cause], ["client_auth_unavailable", false, sealed]);
    assertEquals(requests.length, 0);
  });
}

for (const [name, make] of Object.entries(bySecret)) {
  Deno.test(`${name}: hides its secret, and refuses an empty one`, async () => {
    assertHides(make("planted-secret"), ["planted"]);
    const { url, fetch, requests } = tokenEndpointStub();
    for (const secret of ["", undefined, 7] as string[]) {
      const clientAuth = make(() => secret);
      const error = await assertRejects(
        () => getToken(url, { clientId: "id", clientAuth, fetch }),
        AuthenticationError,
      );
      assertEquals(error.code, "client_auth_unavailable");
      assertThrows(() => make(secret), TypeError, "not empty");
    }
    assertEquals(requests.length, 0);
  });
}

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

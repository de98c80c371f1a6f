import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  type ClientAuth,
  clientSecretBasic,
  clientSecretPost,
  getToken,
  none,
} from "@m2m/authenticator";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const awkward = 'p%s w/:rd+=&?"~*\\';

Deno.test("a certified server takes an awkward secret by Basic, form-encoded", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "a b", client_secret: awkward }],
  });
  const credentials = await getToken(server.tokenEndpoint, {
    clientId: "a b",
    clientAuth: clientSecretBasic(awkward),
  });
  assertEquals(credentials.tokenType, "Bearer");
});

Deno.test("a certified server takes an awkward secret by post", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "a b", client_secret: awkward, token_endpoint_auth_method: "client_secret_post" }],
  });
  const clientAuth = clientSecretPost(() => Promise.resolve(awkward));
  assertEquals((await getToken(server.tokenEndpoint, { clientId: "a b", clientAuth })).tokenType, "Bearer");
  assertEquals(server.tokenRequests[0]?.headerNames.includes("authorization"), false);
});

Deno.test("Basic sends the secret in the header alone", async () => {
  const stub = tokenEndpointStub();
  await getToken(stub.url, { clientId: "id", clientSecret: "s3cret", fetch: stub.fetch });
  assertEquals(stub.requests[0]?.headers.get("authorization"), `Basic ${btoa("id:s3cret")}`);
  assertEquals(stub.requests[0]?.form.has("client_secret"), false);
  assertEquals(stub.requests[0]?.form.has("client_id"), false);
});

Deno.test("post sends the secret in the body alone", async () => {
  const stub = tokenEndpointStub();
  await getToken(stub.url, { clientId: "id", clientAuth: clientSecretPost("s3cret"), fetch: stub.fetch });
  assertEquals(stub.requests[0]?.headers.has("authorization"), false);
  assertEquals(stub.requests[0]?.form.get("client_id"), "id");
  assertEquals(stub.requests[0]?.form.get("client_secret"), "s3cret");
});

Deno.test("none sends the id and no proof", async () => {
  const stub = tokenEndpointStub();
  await getToken(stub.url, { clientId: "id", clientAuth: none(), fetch: stub.fetch });
  assertEquals(stub.requests[0]?.headers.has("authorization"), false);
  assertEquals([...stub.requests[0]?.form.keys() ?? []], ["grant_type", "client_id"]);
});

Deno.test("a secret provider is asked for every request", async () => {
  const stub = tokenEndpointStub();
  let version = 0;
  const clientAuth = clientSecretBasic(() => `secret-${++version}`);
  for (let i = 0; i < 2; i++) await getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch });
  const headers = stub.requests.map((request) => request.headers.get("authorization"));
  assertEquals(headers, [`Basic ${btoa("id:secret-1")}`, `Basic ${btoa("id:secret-2")}`]);
});

Deno.test("a provider's failure is the cause of a typed error, and nothing is sent", async () => {
  const stub = tokenEndpointStub();
  const vaultSealed = new Error("vault is sealed");
  const failing = () => Promise.reject(vaultSealed);
  const error = await assertRejects(
    () => getToken(stub.url, { clientId: "id", clientSecret: failing, fetch: stub.fetch }),
    AuthenticationError,
  );
  assertEquals([error.code, error.retryable, error.cause], ["client_auth_unavailable", false, vaultSealed]);
  assertEquals(stub.requests.length, 0);
});

Deno.test("a provider that yields no secret is an error here, not a riddle at the server", async () => {
  const stub = tokenEndpointStub();
  for (const nothing of ["", undefined, 7]) {
    const clientSecret = () => nothing as string;
    const error = await assertRejects(
      () => getToken(stub.url, { clientId: "id", clientSecret, fetch: stub.fetch }),
      AuthenticationError,
    );
    assertEquals(error.code, "client_auth_unavailable");
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("an empty secret is refused at once", () => {
  assertThrows(() => clientSecretBasic(""), TypeError, "must be a string that is not empty");
  assertThrows(
    () => clientSecretPost(undefined as unknown as string),
    TypeError,
    "must be a string that is not empty",
  );
});

Deno.test("client authentication of one's own can add headers and parameters, and redact what it adds", async () => {
  const stub = tokenEndpointStub(() =>
    Response.json({ error: "invalid_client", error_description: "key k-4711 is unknown" }, { status: 401 })
  );
  const clientAuth: ClientAuth = {
    method: "vendor_key",
    authenticate(request) {
      request.redact("k-4711");
      request.headers.set("x-vendor-key", "k-4711");
    },
  };
  const error = await assertRejects(
    () => getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch }),
    AuthenticationError,
  );
  assertEquals(stub.requests[0]?.headers.get("x-vendor-key"), "k-4711");
  assertEquals(error.error_description, "key [redacted] is unknown");
});

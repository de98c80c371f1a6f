import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";

const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.cGxhbnRlZC1zaWduYXR1cmU";

Deno.test("an assertion is sent with its type and the client's id, and nothing else", async () => {
  const stub = tokenEndpointStub();
  await getToken(stub.url, { clientId: "id", clientAuth: clientAssertion(() => jwt), fetch: stub.fetch });

  assertEquals(Object.fromEntries(stub.requests[0]!.form), {
    grant_type: "client_credentials",
    client_id: "id",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: jwt,
  });
  assertEquals(stub.requests[0]!.headers.has("authorization"), false);
});

Deno.test("the provider is asked for every request, and white space around its answer is taken off", async () => {
  const stub = tokenEndpointStub();
  let count = 0;
  const clientAuth = clientAssertion(() => Promise.resolve(`\uFEFF${jwt}${++count}\r\n`));
  for (let i = 0; i < 2; i++) await getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch });

  assertEquals(stub.requests.map(({ form }) => form.get("client_assertion")), [`${jwt}1`, `${jwt}2`]);
});

Deno.test("another type of assertion is sent as such, and needn't be a JWT", async () => {
  const stub = tokenEndpointStub();
  const assertionType = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
  const clientAuth = clientAssertion(() => "PHNhbWw+", { assertionType });
  await getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch });

  assertEquals(stub.requests[0]!.form.get("client_assertion_type"), assertionType);
});

Deno.test("what is no assertion isn't sent, and shows in no error", async () => {
  const stub = tokenEndpointStub();
  const answers = ["", " \n", undefined, null, 7, {}, "<html>planted</html>", '{"token":"planted"}', "planted", "a.b"];
  for (const answer of answers) {
    const clientAuth = clientAssertion(() => answer as string);
    const error = await assertRejects(
      () => getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch }),
      AuthenticationError,
      "the function given must return a JWT",
    );
    assertEquals([error.code, error.cause], ["client_auth_failed", undefined]);
    assertHides(error, ["planted"]);
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("what a provider of assertions or secrets throws is the cause", async () => {
  const gone = new Error("the socket is gone");
  const failing = () => Promise.reject(gone);
  for (const clientAuth of [clientAssertion(failing), clientSecretJwt(failing)]) {
    const error = await assertRejects(
      () => getToken("https://auth.test/token", { clientId: "id", clientAuth }),
      AuthenticationError,
    );
    assertEquals([error.code, error.cause], ["client_auth_failed", gone]);
  }
});

Deno.test("wrong arguments are refused at once", () => {
  assertThrows(() => clientAssertion(jwt as never), TypeError, "must be given by a function");
  assertThrows(() => clientAssertion(() => jwt, { assertionType: "" }), TypeError, "assertionType must be");
  assertThrows(() => clientAssertion(() => jwt, { method: "" }), TypeError, "method must be");
  assertThrows(() => clientSecretJwt(""), TypeError, "must be a string that is not empty");
  assertThrows(() => clientSecretJwt("s", { alg: "RS256" as "HS256" }), TypeError, "HS256, HS384, HS512");
});

Deno.test("to servers it is a private_key_jwt, or what else they call it", () => {
  const method = "spiffe_jwt";
  assertEquals([clientAssertion(() => jwt).method, clientAssertion(() => jwt, { method }).method], [
    "private_key_jwt",
    method,
  ]);
});

import { assertEquals } from "@std/assert";
import { getToken, none } from "@m2m/authenticator";
import { selfSignedTlsClientAuth, tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

for (const clientAuth of [tlsClientAuth(), selfSignedTlsClientAuth()]) {
  Deno.test(`${clientAuth.method} says who the client is, and nothing else: the certificate is the transport's`, async () => {
    const stub = tokenEndpointStub();

    await getToken(stub.url, { clientId: "my client", clientAuth, fetch: stub.fetch });

    const [{ form, headers } = {}] = stub.requests;
    assertEquals(form?.toString(), "grant_type=client_credentials&client_id=my+client");
    assertEquals(headers?.get("authorization"), null);
  });
}

Deno.test("the methods are called what the registry calls them", () => {
  assertEquals([tlsClientAuth(), selfSignedTlsClientAuth(), none()].map(({ method }) => method), [
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
  ]);
});

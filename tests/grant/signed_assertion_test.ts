import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { AuthenticationError, StaticClientConfigStore } from "@m2m/authenticator";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion, type SignedAssertionOptions } from "@m2m/authenticator/grant/signed-assertion";
import { assertHides } from "../client_auth/showing.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { getStatus, startScene, strangeKey, trustedKey, voucher } from "./scene.ts";

/** The assertion that is sent, and what was to be signed for. */
async function sentBy(assertion: ReturnType<typeof signedAssertion>, issuer?: string): Promise<string> {
  const stub = tokenEndpointStub();
  const configStore = new StaticClientConfigStore({ tokenEndpoint: stub.url, issuer });
  const settings = { endpoint: "https://api.test", configStore, fetch: stub.fetch };
  await new JwtBearerAuthenticator({ ...settings, assertion }).getCredentials();
  return stub.requests[0]!.form.get("assertion")!;
}

Deno.test("a key in every form signs assertions that a real server takes, a fresh one for every attempt", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  const keys = [trustedKey.pem, trustedKey.privateJwk, trustedKey.cryptoKey, () => Promise.resolve(trustedKey.pem)];
  for (const key of keys) {
    const assertion = signedAssertion(key, { iss: voucher, sub: "ada", claims: { asserted: ["x"] } });
    const authenticator = new JwtBearerAuthenticator({ ...settings, assertion });

    assertEquals(await getStatus(authenticator), 200);
    await authenticator.refreshCredentials();

    const { on_behalf_of, asserted, vouched_by } = scene.lastToken();
    assertEquals([vouched_by, on_behalf_of, asserted], [voucher, "ada", ["x"]]);
  }
  const sent = server.tokenRequests.map(({ parameters }) => decodeJwt(String(parameters.assertion)).jti);
  assertEquals(new Set(sent).size, 8);
});

Deno.test("an assertion says what RFC 7523 §3 asks for, and what else one wants", async () => {
  const key = await testKey("ES256");
  const now = Date.now() / 1000;
  const claims = { scope: "a b" };

  const usual = await sentBy(signedAssertion(key.cryptoKey, { iss: "robot", claims }), "https://auth.test");
  const other = await sentBy(
    signedAssertion({ key: key.pem, kid: "k1" }, {
      iss: "robot",
      sub: "ada",
      audience: "token-endpoint",
      lifetime: 120_000,
      clockSkew: 0,
      header: { typ: "JWT" },
    }),
    "https://auth.test",
  );

  const { iss, sub, aud, scope, exp = 0, iat = 0, nbf, jti } = decodeJwt(usual);
  assertEquals([iss, sub, aud, scope], ["robot", "robot", "https://auth.test", "a b"]);
  assertLess(Math.abs(exp - now - 60), 5);
  assertLess(Math.abs(iat - now + 10), 5);
  assert(nbf === iat && jti);
  assertEquals(decodeProtectedHeader(usual), { alg: "ES256" });
  const otherClaims = decodeJwt(other);
  assertEquals([otherClaims.sub, otherClaims.aud], ["ada", "https://auth.test/oauth/token"]);
  assertEquals(otherClaims.exp! - otherClaims.iat!, 120);
  assertEquals(decodeProtectedHeader(other), { alg: "ES256", kid: "k1", typ: "JWT" });
});

Deno.test("a wrong key isn't tried again and again; the right one is tried at once", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  let key = strangeKey.pem;
  const authenticator = new JwtBearerAuthenticator({
    ...settings,
    assertion: signedAssertion(() => ({ key, kid: trustedKey.publicJwk.kid }), { iss: voucher }),
  });
  for (let call = 0; call < 3; call++) {
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals([error.code, error.error], ["token_request_rejected", "invalid_grant"]);
    assertHides(error, strangeKey.secrets);
  }
  assertEquals(server.tokenRequests.length, 1);
  key = trustedKey.pem;

  assertEquals((await authenticator.getCredentials()).tokenType, "Bearer");
  assertEquals(server.tokenRequests.length, 2);
});

Deno.test("a key that was looked up and can't be used is a typed error that doesn't show it", async () => {
  const broken = trustedKey.pem.replace(/\n.{30}/, "\nplanted");
  const assertion = signedAssertion(() => broken, { iss: "robot" });

  const error = await assertRejects(() => sentBy(assertion), AuthenticationError, "Cannot sign the assertion. ");

  assertEquals(error.code, "client_auth_unavailable");
  assertHides(error, ["planted", ...trustedKey.secrets]);
});

Deno.test("wrong settings are refused at once", () => {
  const wrong: [Partial<Record<keyof SignedAssertionOptions, unknown>>, string][] = [
    [{ iss: undefined }, "iss must be a string that is not empty."],
    [{ iss: "" }, "iss must be a string that is not empty."],
    [{ sub: "" }, "sub must be a string that is not empty."],
    [{ claims: { exp: 1 } }, "claims.exp must not be set"],
    [{ claims: { sub: "planted" } }, "claims.sub must not be set"],
    [{ alg: "none" }, "alg must be one of"],
    [{ alg: "RS256" }, "This P-256 key can't sign by RS256"],
    [{ audience: "" }, "audience must be"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => signedAssertion(trustedKey.pem, { iss: "robot", ...options } as never), TypeError, message);
  }
  assertThrows(() => signedAssertion(trustedKey.pem, { iss: "robot", lifetime: 999 }), RangeError, "lifetime");
  const error = assertThrows(() => signedAssertion("planted", { iss: "robot" }), TypeError);
  assertHides(error, ["planted"]);
});

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { AuthenticationError, StaticClientConfigStore } from "@m2m/authenticator";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { getStatus } from "../client_auth/refusal.ts";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { startScene, strangeKey, trustedKey, voucher } from "./scene.ts";

const issuer = "https://auth.test";

/** The header and the claims of the assertion that is sent. */
async function getAssertion(...args: Parameters<typeof signedAssertion>) {
  const stub = tokenEndpointStub();
  const configStore = new StaticClientConfigStore({ tokenEndpoint: stub.url, issuer });
  const settings = { endpoint: "https://api.test", configStore, fetch: stub.fetch };
  await new JwtBearerAuthenticator({ ...settings, assertion: signedAssertion(...args) }).getCredentials();
  const assertion = stub.requests[0]!.form.get("assertion")!;
  return { header: decodeProtectedHeader(assertion), claims: decodeJwt(assertion) };
}

Deno.test("signedAssertion: a key in any form signs a new assertion for each attempt", async () => {
  await using scene = await startScene();
  const { pem, privateJwk, cryptoKey } = trustedKey;
  for (const key of [pem, privateJwk, cryptoKey, () => Promise.resolve(pem)]) {
    const assertion = signedAssertion(key, { iss: voucher, sub: "ada", claims: { asserted: ["x"] } });
    const authenticator = new JwtBearerAuthenticator({ ...scene.settings, assertion });

    assertEquals(await getStatus(authenticator.fetch("/x")), 200);
    await authenticator.refreshCredentials();

    const { on_behalf_of, asserted, vouched_by } = scene.lastToken();
    assertEquals([vouched_by, on_behalf_of, asserted], [voucher, "ada", ["x"]]);
  }
  const sent = scene.server.tokenRequests.map(({ parameters }) => decodeJwt(String(parameters.assertion)).jti);
  assertEquals(new Set(sent).size, 8);
});

Deno.test("signedAssertion: sets the claims of RFC 7523 §3, and those given", async () => {
  const clock = { wall: () => 1_800_000_000_000 };
  const usual = await getAssertion(trustedKey.cryptoKey, { iss: "robot", claims: { scope: "a b" }, clock });
  const { jti, ...claims } = usual.claims;
  const times = { exp: 1_800_000_060, iat: 1_799_999_990, nbf: 1_799_999_990 };
  assertEquals(claims, { iss: "robot", sub: "robot", aud: issuer, scope: "a b", ...times });
  assert(jti);
  assertEquals(usual.header, { alg: "ES256" });

  const own = { sub: "ada", audience: "token-endpoint", lifetime: 120_000, clockSkew: 0, header: { typ: "JWT" } };
  const other = await getAssertion({ key: trustedKey.pem, kid: "k1" }, { iss: "robot", ...own });
  const { sub, aud, exp, iat } = other.claims;
  assertEquals([sub, aud, exp! - iat!], ["ada", `${issuer}/oauth/token`, 120]);
  assertEquals(other.header, { alg: "ES256", kid: "k1", typ: "JWT" });
});

Deno.test("signedAssertion: a rejected key isn't tried again; another one is", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  let key = strangeKey.pem;
  const assertion = signedAssertion(() => ({ key, kid: trustedKey.publicJwk.kid }), { iss: voucher });
  const authenticator = new JwtBearerAuthenticator({ ...settings, assertion });
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

Deno.test("signedAssertion: a wrong key from a function is client_auth_unavailable", async () => {
  const broken = () => trustedKey.pem.replace(/\n.{30}/, "\nplanted");
  const error = await assertRejects(() => getAssertion(broken, { iss: "robot" }), AuthenticationError, "Cannot sign");

  assertEquals(error.code, "client_auth_unavailable");
  assertHides(error, ["planted", ...trustedKey.secrets]);
});

const wrong: readonly [options: object, message: string][] = [
  [{ iss: undefined }, "iss must be a string"],
  [{ iss: "" }, "iss must be a string"],
  [{ sub: "" }, "sub must be a string"],
  [{ claims: { exp: 1 } }, "claims.exp must not be set"],
  [{ claims: { sub: "planted" } }, "claims.sub must not be set"],
  [{ alg: "none" }, "alg must be one of"],
  [{ alg: "RS256" }, "can't sign by RS256"],
  [{ audience: "" }, "audience must be"],
];
Deno.test("signedAssertion: refuses wrong arguments, and doesn't show them", () => {
  const make = (options: object, key = trustedKey.pem) => signedAssertion(key, { iss: "robot", ...options });
  for (const [options, message] of wrong) assertThrows(() => make(options), TypeError, message);
  assertThrows(() => make({ lifetime: 999 }), RangeError, "lifetime");
  assertHides(assertThrows(() => make({}, "planted"), TypeError), ["planted"]);
});

/** A platform's JWT as client assertion, as JWT bearer grant and as subject token. */

import { assertEquals } from "@std/assert";
import { SignJWT } from "jose";
import {
  type Authenticator,
  ClientCredentialsAuthenticator,
  type Fetch,
  getToken,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { TokenExchangeAuthenticator, TokenType } from "@m2m/authenticator/grant/token-exchange";
import { type TestServers, testServers } from "@m2m/authenticator/testing";
import type { WorkloadIdentity } from "@m2m/authenticator/workload";
import { awsToken } from "@m2m/authenticator/workload/aws";
import { gcpToken } from "@m2m/authenticator/workload/gcp";
import { githubActionsToken } from "@m2m/authenticator/workload/github-actions";
import { spiffeToken } from "@m2m/authenticator/workload/spiffe";
import { startPlace } from "../client_auth/place.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { call } from "../servers/loopback.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { makeJwt, reachPlatforms, variables as env } from "./platforms.ts";

const key = await testKey("RS256");
const platform = "https://platform.test";

/** The platforms sign for this subject. */
const signFor = (iss: string, sub: string) =>
  reachPlatforms((audience) =>
    new SignJWT({ iss, sub, jti: crypto.randomUUID() }).setProtectedHeader({ alg: "RS256", kid: key.publicJwk.kid! })
      .setAudience(audience).setExpirationTime("5 minutes").sign(key.cryptoKey)
  );

Deno.test("workload identity: as a client assertion, each of a job's tokens is accepted by a server that takes each once", async () => {
  const jwks = { keys: [key.publicJwk] };
  const client = { client_id: "job", token_endpoint_auth_method: "private_key_jwt" as const, jwks };
  await using place = await startPlace({ clients: [client] });
  const { issuer, tokenEndpoint } = place.server;
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: place.api.origin,
    clientId: "job",
    clientAuth: clientAssertion(githubActionsToken({ audience: issuer, env, fetch: signFor("job", "job") })),
    configStore: new StaticClientConfigStore({ tokenEndpoint, issuer, scopes: ["api:read"], audience: issuer }),
  });
  for (let count = 0; count < 3; count++) {
    assertEquals(await call(authenticator, "/v1/projects"), 200);
    await authenticator.refreshCredentials();
  }
  assertEquals(place.server.tokenRequests.map(({ status }) => status), [200, 200, 200, 200]);
});

type Use = (identity: WorkloadIdentity, options: TestServers["options"]) => Authenticator;
const uses: Readonly<Record<string, Use>> = {
  "a JWT bearer grant": (assertion, options) => new JwtBearerAuthenticator({ ...options, assertion }),
  "a subject token": (subjectToken, options) =>
    new TokenExchangeAuthenticator({ ...options, subjectToken, subjectTokenType: TokenType.JWT }),
};
for (const [use, make] of Object.entries(uses)) {
  Deno.test(`workload identity: as ${use} it gets a token for its subject`, async () => {
    const servers = testServers({ trustedIssuers: { [platform]: [key.publicJwk as JsonWebKey] } });
    const settings = { audience: "https://auth.test/oauth/token", env, fetch: signFor(platform, "workload-7") };
    for (const identity of [gcpToken(settings), awsToken(settings)]) {
      const response = await make(identity, servers.options).fetch("/v1/projects");
      assertEquals([response.status, JSON.stringify(await response.json()).includes("workload-7")], [200, true]);
    }
  });
}

Deno.test("workload identity: a platform that fails for now is asked again by the attempt after", async () => {
  const servers = testServers({ trustedIssuers: { [platform]: [key.publicJwk as JsonWebKey] } });
  const reach = signFor(platform, "workload-7");
  const answers = [
    () => Promise.resolve(new Response("", { status: 503 })),
    () => Promise.reject(new TypeError("reset")),
  ];
  const fetch: Fetch = (input, init) => answers.shift()?.() ?? reach(input, init);
  const assertion = gcpToken({ audience: "https://auth.test/oauth/token", fetch });
  assertEquals(await call(new JwtBearerAuthenticator({ ...servers.options, assertion }), "/v1/projects"), 200);
  assertEquals(answers.length, 0);
});

Deno.test("workload identity: a JWT-SVID goes out under the assertion type of SPIFFE", async () => {
  await using folder = await temporaryFolder("svid_");
  const path = `${folder.path}/token`;
  await Deno.writeTextFile(path, makeJwt());
  const { url, fetch, requests } = tokenEndpointStub();
  const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
  const clientAuth = clientAssertion(spiffeToken({ path }), { assertionType, method: "spiffe_jwt" });
  await getToken(url, { clientId: "spiffe://platform.test/me", clientAuth, fetch });
  const { client_assertion_type, client_assertion } = Object.fromEntries(requests[0]!.form);
  assertEquals([client_assertion_type, client_assertion], [assertionType, await Deno.readTextFile(path)]);
});

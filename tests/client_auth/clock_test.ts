/** What is signed by a clock that is off is signed again by the server's, at real servers. */

import { assertEquals, assertLess } from "@std/assert";
import {
  type AuthenticatorEvent,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  type Clock,
  type Fetch,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { dpop } from "@m2m/authenticator/dpop";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { startBetterAuth } from "../servers/better_auth.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";
import { jwtBearerGrant } from "../servers/machine_grants.ts";
import { startPlace } from "./place.ts";
import { getStatus } from "./refusal.ts";
import { assertHides } from "./showing.ts";
import { testKey } from "./signing_keys.ts";

const key = await testKey("ES256");
const { kid } = key.publicJwk;
const secret = "a-secret-that-is-long-enough-for-HS256";
const jwks = { keys: [key.publicJwk] };
const scopes = ["api:read"];

type Options = Partial<ClientCredentialsAuthenticatorOptions>;
type Settings = Omit<ClientCredentialsAuthenticatorOptions, "clientId" | "clientSecret">;
const byKey = (clock: Clock): Options => ({
  clientId: "key",
  clientAuth: privateKeyJwt(key.cryptoKey, { kid, clock }),
});
const bound = (clock: Clock): Options => ({ dpop: dpop({ clock }) });

const make = (makeOptions: (clock: Clock) => Options) => (settings: Settings, clock: Clock) => {
  const options = makeOptions(clock);
  return new ClientCredentialsAuthenticator({
    ...{ ...settings, clientId: "id", ...!options.clientAuth && { clientSecret: secret } },
    ...options,
  });
};

/** How far the client's clock is ahead, in milliseconds, in the order of the cells. */
const skews = [-600, -120, -10, 10, 120, 600].map((seconds) => seconds * 1_000);
/** The requests that it takes for the first token, or for the first call with one: 1, or 2 where the first is refused. */
const table: readonly [
  method: string,
  at: "oidc-provider" | "better-auth" | "API",
  cells: string,
  ReturnType<typeof make>,
][] = [
  ["private_key_jwt", "oidc-provider", "2 2 1 1 2 2", make(byKey)],
  [
    "client_secret_jwt",
    "oidc-provider",
    "2 2 1 1 2 2",
    make((clock) => ({
      clientId: "jwt",
      clientAuth: clientSecretJwt(secret, { clock }),
    })),
  ],
  ["JWT bearer", "oidc-provider", "2 2 1 1 2 2", (settings, clock) => {
    const assertion = signedAssertion(key.cryptoKey, { iss: "robot", clock });
    return new JwtBearerAuthenticator({ ...settings, clientId: "id", clientSecret: secret, assertion });
  }],
  ["DPoP", "oidc-provider", "2 1 1 1 1 2", make(bound)],
  ["private_key_jwt, DPoP", "oidc-provider", "3 2 1 1 2 3", make((clock) => ({ ...byKey(clock), ...bound(clock) }))],
  ["DPoP", "API", "2 2 1 1 2 2", make(bound)],
  ["private_key_jwt", "better-auth", "2 2 1 1 2 2", make(byKey)],
  ["DPoP", "better-auth", "2 1 1 1 2 2", make(bound)],
];

/** Both servers, and an API that takes proofs of the last minute. */
async function startServers() {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(
    await startPlace({
      grants: [jwtBearerGrant({ robot: jwks.keys })],
      clients: [
        { client_id: "id", client_secret: secret },
        { client_id: "jwt", client_secret: secret, token_endpoint_auth_method: "client_secret_jwt" },
        { client_id: "key", token_endpoint_auth_method: "private_key_jwt", jwks },
      ],
    }, { dpop: new DpopVerifier() }),
  );
  const own = { clientCredentialsScopes: scopes };
  const better = stack.use(startBetterAuth([
    { clientId: "id", clientSecret: secret, ...own },
    { clientId: "key", tokenEndpointAuthMethod: "private_key_jwt", jwks: JSON.stringify(jwks), ...own },
  ]));
  return Object.assign(stack.move(), { better, ...place });
}

Deno.test("clocks that are off are mended at every server, once", async (context) => {
  await using servers = await startServers();
  for (const [method, at, cells, makeAt] of table) {
    await context.step(`${method} at ${at}: ${cells}`, async () => {
      const seen: number[] = [];
      for (const skew of skews) {
        const clock = { wall: () => Date.now() + skew, monotonic: () => performance.now() };
        const { issuer, tokenEndpoint } = at === "better-auth" ? servers.better : servers.server;
        const counts = { token: 0, api: 0 };
        const count: Fetch = (input, init) => {
          counts[String(input) === tokenEndpoint ? "token" : "api"]++;
          return fetch(input, init);
        };
        const events: AuthenticatorEvent[] = [];
        const settings = {
          endpoint: servers.api.origin,
          configStore: new StaticClientConfigStore({ issuer, tokenEndpoint, scopes }),
          ...{ clock, fetch: count, onEvent: (event: AuthenticatorEvent) => void events.push(event) },
        };
        await using authenticator = makeAt(settings, clock);
        await authenticator.getCredentials();
        const needed = { ...counts };
        await authenticator.refreshCredentials();
        assertEquals(counts.token, needed.token + 1, "the server's clock is remembered");
        if (at === "API") {
          assertEquals(await getStatus(authenticator.fetch("/v1/projects", { method: "POST", body: "a body" })), 200);
          needed.api = counts.api;
          assertEquals(await getStatus(authenticator.fetch("/v1/projects")), 200);
          assertEquals(counts.api, needed.api + 1, "the API's clock is remembered");
        }
        seen.push(at === "API" ? needed.api : needed.token);
        const corrected = events.filter((event) => event.type === "clock_corrected");
        assertEquals(corrected.length, counts.token - 2 + Math.max(counts.api - 2, 0));
        for (const { offset } of corrected) assertLess(Math.abs(offset + skew), 2_000);
        assertHides([events, authenticator], [...key.secrets, secret]);
      }
      assertEquals(seen.join(" "), cells);
    });
  }
});

/** A test's token and call: through `./testing`, and over servers on loopback. @module */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { testServers } from "@m2m/authenticator/testing";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { startLoopback } from "./loopback.ts";
import { type Call, median, ratios, timeInTurns } from "./statistics.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

const client = { clientId: "test-client", clientSecret: "test-secret" };

/** Gets a token and calls the API as a client that has none. */
async function callOnce(
  options: ConstructorParameters<typeof ClientCredentialsAuthenticator>[0],
): Promise<void> {
  const response = await new ClientCredentialsAuthenticator(options).fetch("/v1/projects");
  await response.text();
  if (response.status !== 200) throw new Error(`The API answered ${response.status}.`);
}

export async function measureTestkit({ smoke }: Effort): Promise<Report> {
  await using stack = new AsyncDisposableStack();
  const behaviour = { delay: 0, lifetime: 3_600_000 };
  const shared = stack.use(startLoopback(behaviour));
  const registered = { client_id: client.clientId, client_secret: client.clientSecret };
  const server = stack.use(await startAuthorizationServer({ clients: [registered] }));
  const api = stack.use(startProtectedApi(server));
  const at = ({ api, tokenEndpoint }: { api: string; tokenEndpoint: string }) => ({
    ...{ ...client, endpoint: api },
    configStore: new StaticClientConfigStore({ tokenEndpoint, scopes: ["api:read"] }),
  });
  const calls: Record<string, Call> = {
    "testServers()": () => callOnce(testServers().options),
    'testServers({ tokens: "jwt" })': () => callOnce(testServers({ tokens: "jwt" }).options),
    "a stub on loopback that verifies nothing, one for all tests": () => callOnce(at(shared)),
    "the same, one for each test": async () => {
      await using own = startLoopback(behaviour);
      await callOnce(at(own));
    },
    "oidc-provider and an API on loopback, one for all tests": () =>
      callOnce({ ...at({ api: api.origin, tokenEndpoint: server.tokenEndpoint }), audience: api.audience }),
  };
  const timing = smoke ? { batch: 4, rounds: 3 } : { batch: 100, rounds: 25 };
  const found = await timeInTurns(Object.values(calls), timing);
  const factors = [1, ...ratios(found)];
  return {
    title: "A token and a call in a test",
    how: "Each by a new authenticator, one after the other, on Deno, the servers on loopback in the same process.",
    columns: ["servers", "µs", "over testServers()"],
    rows: Object.keys(calls).map((name, index) => [name, show(median(found[index]!)), show(factors[index]!)]),
    budgets: [atMost("testServers() over oidc-provider on loopback", 1 / factors.at(-1)!, 0.1, "of its time")],
  };
}

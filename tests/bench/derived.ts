/**
 * The memory of authenticators derived by `with`: a gateway may keep one for each API and scope.
 *
 * @module
 */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "../../mod.ts";
import { clientId, clientSecret } from "./clients/client.ts";
import { tokenEndpointInMemory } from "./loopback.ts";
import { heapUsed } from "./memory.ts";
import { type Effort, type Report, show } from "./table.ts";

export async function measureDerived({ smoke }: Effort): Promise<Report> {
  const count = smoke ? 50 : 5_000;
  // The first ones allocate what all share.
  await grow(newRoot(), Math.min(count, 1_000));
  const root = newRoot();
  const { idle, withToken } = await grow(root, count);
  await root.close();
  return {
    title: "Heap of a derived authenticator",
    how:
      `\`heapUsed\` after garbage collection, divided by ${
        show(count)
      } authenticators made by \`with\`, each with an ` +
      "audience and a scope of its own, and kept by the one they were made from.",
    columns: ["state", "bytes"],
    rows: [["new", show(idle)], ["with a token", show(withToken)]],
    budgets: [],
  };
}

function newRoot(): ClientCredentialsAuthenticator {
  const { fetch } = tokenEndpointInMemory({ delay: 0, lifetime: 3_600_000 });
  const configStore = new StaticClientConfigStore({ tokenEndpoint: "http://127.0.0.1:9/token" });
  return new ClientCredentialsAuthenticator({
    endpoint: "http://127.0.0.1:9",
    clientId,
    clientSecret,
    configStore,
    fetch,
  });
}

async function grow(
  root: ClientCredentialsAuthenticator,
  count: number,
): Promise<{ idle: number; withToken: number }> {
  const derived = (index: number) => root.with({ audience: `https://api-${index}.test`, scopes: [`read:${index}`] });
  const empty = heapUsed();
  for (let index = 0; index < count; index++) derived(index);
  const idle = heapUsed();
  for (let index = 0; index < count; index++) await derived(index).getCredentials();
  return { idle: (idle - empty) / count, withToken: (heapUsed() - empty) / count };
}

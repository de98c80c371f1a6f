/** What a client weighs that waits for work: a service may keep one for each of its tenants. @module */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "../../mod.ts";
import { clientId, clientSecret } from "./clients/client.ts";
import { libraries, ours } from "./libraries.ts";
import { memoryApi, tokenEndpointInMemory } from "./loopback.ts";
import { atMost, type Effort, type Report, show, times } from "./table.ts";
import { weigh } from "./weigh.ts";

export async function measureMemory({ smoke }: Effort): Promise<Report> {
  const count = smoke ? 200 : 100_000;
  const rows: string[][] = [];
  let own: number | undefined;
  for (const { name, slowness = 1, networkOnly, make } of libraries) {
    const setting = newSetting();
    const makeUsed = async () => {
      const { kept, getToken } = make(setting);
      await getToken();
      return kept;
    };
    const idle = await weigh(smoke ? count : count / slowness, () => make(setting).kept);
    const weighUsed = async () => show(await weigh(Math.ceil(count / slowness / 10), makeUsed));
    const used = networkOnly ? `not measured: ${networkOnly}` : await weighUsed();
    rows.push([name, show(idle), times(idle, own ??= idle), used]);
  }
  const fewer = libraries.flatMap(({ name, slowness }) => slowness ? [`${show(count / slowness)} of ${name}`] : []);
  return {
    title: "Heap of an idle client",
    how:
      `\`heapUsed\` after garbage collection, divided by ${show(count)} clients of the same server (${fewer}), each ` +
      "with its id and secret. A cache by hand is a few closures.",
    columns: ["client", "new, bytes", "of ours", "with a token, bytes"],
    rows,
    budgets: [atMost(`${ours.name}: heap per idle authenticator`, own ?? NaN, 450, "bytes")],
  };
}

/** Measures authenticators derived by `with`: a gateway may keep one for each API and scope. */
export async function measureDerived({ smoke }: Effort): Promise<Report> {
  const count = smoke ? 50 : 5_000;
  const { api: endpoint, tokenEndpoint, fetch } = newSetting();
  const configStore = new StaticClientConfigStore({ tokenEndpoint });
  const options = { endpoint, clientId, clientSecret, configStore, fetch };
  await using root = new ClientCredentialsAuthenticator(options);
  const derived = (index: number) => root.with({ audience: `https://api-${index}.test`, scopes: [`read:${index}`] });
  const idle = await weigh(count, derived);
  const withToken = idle + await weigh(count, (index) => derived(index).getCredentials());
  return {
    title: "Heap of a derived authenticator",
    how:
      `\`heapUsed\` after garbage collection, divided by ${show(count)} authenticators made by \`with\`, each with ` +
      "an audience and a scope of its own, and kept by the one they were made from.",
    columns: ["state", "bytes"],
    rows: [["new", show(idle)], ["with a token", show(withToken)]],
    budgets: [],
  };
}

/** Creates a setting in memory, whose tokens differ. */
function newSetting() {
  return { ...memoryApi(), ...tokenEndpointInMemory({ delay: 0, lifetime: 3_600_000 }) };
}

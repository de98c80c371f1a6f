/** Calls Flyte platforms: as a program whose last argument is the input, or as a worker. @module */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { authenticatorFromFlyteApiKey, FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { authenticatorFromFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";

declare const process: { readonly argv?: readonly string[] } | undefined;

/** The client, and the origins of the platforms. */
export interface ProgramInput {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly flyte1: string;
  readonly flyte2: string;
  /** A platform behind an identity-aware proxy, with the proxy's token endpoint. */
  readonly fronted: string;
  readonly frontTokenEndpoint: string;
  readonly frontAudience: string;
}

/** Calls the platforms in all ways: the status and the first project's name of each, or an error. */
export async function callPlatforms(input: ProgramInput): Promise<Record<string, string>> {
  const { clientId, clientSecret, flyte1, flyte2, fronted: endpoint, frontTokenEndpoint: tokenEndpoint } = input;
  const client = { clientId, clientSecret };
  const byStore = (platform: string, options = {}) => {
    const configStore = new FlyteClientConfigStore(platform);
    return new ClientCredentialsAuthenticator({ endpoint: configStore.endpoint, ...client, configStore, ...options });
  };
  const source = `admin: { endpoint: "${flyte1}", clientId: ${clientId}, clientSecretEnvVar: FLYTE_SECRET }`;
  const front = new ClientCredentialsAuthenticator({
    endpoint,
    ...client,
    headerKey: "proxy-authorization",
    configStore: new StaticClientConfigStore({ tokenEndpoint, audience: input.frontAudience }),
  });
  const projects = "/api/v1/projects";
  const calls: Record<string, () => Promise<Response>> = {
    "Flyte 1": () => byStore(flyte1).fetch(projects),
    "Flyte 2": () =>
      byStore(flyte2).fetch("/flyteidl2.project.ProjectService/ListProjects", { method: "POST", body: "{}" }),
    "an API key": () =>
      authenticatorFromFlyteApiKey(btoa(`${flyte1}:${clientId}:${clientSecret}:None`)).fetch(projects),
    "a config file": () =>
      authenticatorFromFlyteConfig(source, { env: { FLYTE_SECRET: clientSecret } }).fetch(projects),
    "a proxy in front": () => byStore(endpoint, { fetch: front.fetch }).fetch(projects),
  };
  const entries = Object.entries(calls).map(async ([name, call]) => {
    const result = call().then(async (response) =>
      `${response.status} ${(await response.text()).match(/flytesnacks/)}`
    );
    return [name, await result.catch(String)];
  });
  return Object.fromEntries(await Promise.all(entries));
}

const told = typeof process === "undefined" ? undefined : process.argv?.at(-1);
const isProgram = told?.startsWith("{") ?? false;
if (isProgram) console.log(JSON.stringify(await callPlatforms(JSON.parse(told!))));

// Bun would start a server for a program with this export.
export default isProgram ? undefined : {
  fetch: async (request: Request) => Response.json(await callPlatforms(await request.json())),
};

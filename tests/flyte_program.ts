/**
 * Calls Flyte platforms in all the ways there are: for runtimes that get one file and an address.
 *
 * @module
 */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { authenticatorFromFlyteApiKey, FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { authenticatorFromFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";

/** What a program is told. */
export interface ProgramInput {
  readonly clientId: string;
  readonly clientSecret: string;
  /** A platform of the first generation. */
  readonly first: string;
  readonly second: string;
  /** One behind an identity-aware proxy, and what that one wants. */
  readonly fronted: string;
  readonly frontTokenEndpoint: string;
  readonly frontAudience: string;
}

/** By way: the status and the first project's name, or what went wrong. */
export type ProgramOutput = Record<string, string>;

export async function callPlatforms(input: ProgramInput): Promise<ProgramOutput> {
  const { clientId, clientSecret, first, second, fronted } = input;
  const client = { clientId, clientSecret };
  const byStore = (endpoint: string) => {
    const configStore = new FlyteClientConfigStore(endpoint);
    return new ClientCredentialsAuthenticator({ endpoint: configStore.endpoint, ...client, configStore });
  };
  const get = (authenticator: ClientCredentialsAuthenticator) => authenticator.fetch("/api/v1/projects");
  const ways: Record<string, () => Promise<Response>> = {
    flyteadmin: () => get(byStore(first)),
    "Flyte 2": () =>
      byStore(second).fetch("/flyteidl2.project.ProjectService/ListProjects", { method: "POST", body: "{}" }),
    "an API key": () => get(authenticatorFromFlyteApiKey(btoa(`${first}:${clientId}:${clientSecret}:None`))),
    "a config file": () => {
      const source = `admin: { endpoint: "${first}", clientId: ${clientId}, clientSecretEnvVar: FLYTE_SECRET }`;
      return get(authenticatorFromFlyteConfig(source, { env: { FLYTE_SECRET: clientSecret } }));
    },
    "a proxy in front": () => {
      const front = new ClientCredentialsAuthenticator({
        endpoint: fronted,
        ...client,
        headerKey: "proxy-authorization",
        configStore: new StaticClientConfigStore({
          tokenEndpoint: input.frontTokenEndpoint,
          audience: input.frontAudience,
        }),
      });
      const configStore = new FlyteClientConfigStore(fronted);
      return get(new ClientCredentialsAuthenticator({ endpoint: fronted, ...client, configStore, fetch: front.fetch }));
    },
  };
  const output: ProgramOutput = {};
  for (const [way, call] of Object.entries(ways)) {
    try {
      const response = await call();
      output[way] = `${response.status} ${(await response.text()).match(/flytesnacks/)?.[0]}`;
    } catch (error) {
      output[way] = String(error);
    }
  }
  return output;
}

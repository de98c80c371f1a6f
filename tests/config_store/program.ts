/** Clients that get their settings from elsewhere: a program whose last argument names one, or a worker. @module */
import { Client } from "@modelcontextprotocol/sdk/client";
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";
import { authenticatorFromFlyteApiKey, FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { authenticatorFromFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";

declare const process: { readonly argv?: readonly string[]; readonly env: Env } | undefined;

type Env = Readonly<Record<string, string>>;
type Use = () => Promise<unknown>;

const argument = typeof process === "undefined" ? undefined : process.argv?.at(-1);

/** Makes each client, which may be used many times. */
export const clients: Readonly<Record<string, (env: Env) => Use>> = {
  environment(env) {
    // As a program it reads the environment of the process itself.
    const { fetch } = authenticatorFromEnv(argument === "environment" ? {} : { env });
    return async () => await (await fetch("/v1/projects")).json();
  },
  discovery({ issuer = "" }) {
    const store = new DiscoveryClientConfigStore(issuer);
    return async () => (await store.getMetadata()).token_endpoint;
  },
  mcp({ url = "", issuer = "", clientId = "", clientSecret = "" }) {
    const configStore = new ProtectedResourceClientConfigStore(url, { issuer });
    const { fetch } = new ClientCredentialsAuthenticator({ endpoint: url, clientId, clientSecret, configStore });
    return async () => {
      const client = new Client({ name: "program", version: "1.0.0" });
      try {
        await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }));
        return (await client.callTool({ name: "whoami" })).content;
      } finally {
        await client.close();
      }
    };
  },
  flyte({ flyte1 = "", flyte2 = "", fronted = "", tokenEndpoint = "", audience = "", ...client }) {
    const { clientId = "", clientSecret = "" } = client;
    const byStore = (platform: string, options = {}) => {
      const configStore = new FlyteClientConfigStore(platform);
      const { endpoint } = configStore;
      return new ClientCredentialsAuthenticator({ endpoint, clientId, clientSecret, configStore, ...options });
    };
    const source = `admin: { endpoint: "${flyte1}", clientId: ${clientId}, clientSecretEnvVar: FLYTE_SECRET }`;
    const configStore = new StaticClientConfigStore({ tokenEndpoint, audience });
    const front = byStore(fronted, { configStore, headerKey: "proxy-authorization" });
    const behind = byStore(fronted, { fetch: front.fetch });
    const list = "/flyteidl2.project.ProjectService/ListProjects";
    const calls: Record<string, () => Promise<Response>> = {
      "Flyte 1": () => byStore(flyte1).fetch("/api/v1/projects"),
      "Flyte 2": () => byStore(flyte2).fetch(list, { method: "POST", body: "{}" }),
      "an API key": () =>
        authenticatorFromFlyteApiKey(btoa(`${flyte1}:${clientId}:${clientSecret}:None`)).fetch("/api/v1/projects"),
      "a config file": () =>
        authenticatorFromFlyteConfig(source, { env: { FLYTE_SECRET: clientSecret } }).fetch("/api/v1/projects"),
      "a proxy in front": () => behind.fetch("/api/v1/projects"),
    };
    return async () => {
      const results: Record<string, unknown> = {};
      for (const [way, call] of Object.entries(calls)) {
        results[way] = await call().then(async (response) => (await response.json()).projects[0].name).catch(String);
      }
      return results;
    };
  },
};

const isProgram = argument !== undefined && argument in clients;
if (isProgram) console.log(JSON.stringify(await clients[argument]!(process!.env)()));

const made: Record<string, Use> = {};

// Bun would start a server for a program with this export.
export default isProgram ? undefined : {
  async fetch({ url }: Request, env: Env): Promise<Response> {
    const name = new URL(url).pathname.slice(1);
    const use = made[name] ??= clients[name]!(env);
    return Response.json(await use());
  },
};

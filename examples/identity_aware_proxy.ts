/**
 * A Deno script that calls a Flyte platform behind an identity-aware proxy, which requires a token of its own in
 * `proxy-authorization`: one authenticator sends through another. It prints the projects' names.
 *
 *     deno run --allow-env --allow-net=flyte.example.com,login.example.com,proxy-login.example.com identity_aware_proxy.ts
 *
 * Environment: `FLYTE_PLATFORM_URL`, `FLYTE_CREDENTIALS_CLIENT_ID`, `FLYTE_CREDENTIALS_CLIENT_SECRET`, and for the proxy
 * `PROXY_TOKEN_ENDPOINT`, `PROXY_AUDIENCE`, `PROXY_CLIENT_ID` and `PROXY_CLIENT_SECRET`.
 *
 * The API's 401 makes the proxy's authenticator request a new token as well: it may be the proxy's own 401. The token
 * endpoint should be on another origin than the platform, where its requests carry no proxy token. Behind the proxy, a
 * refused token request would be sent twice.
 *
 * Not for browsers, where no page may set this header.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const configStore = new FlyteClientConfigStore(setting("FLYTE_PLATFORM_URL"));

const proxy = new ClientCredentialsAuthenticator({
  endpoint: configStore.endpoint,
  clientId: setting("PROXY_CLIENT_ID"),
  clientSecret: setting("PROXY_CLIENT_SECRET"),
  headerKey: "proxy-authorization",
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("PROXY_TOKEN_ENDPOINT"),
    audience: setting("PROXY_AUDIENCE"),
  }),
});

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: configStore.endpoint,
  clientId: setting("FLYTE_CREDENTIALS_CLIENT_ID"),
  clientSecret: setting("FLYTE_CREDENTIALS_CLIENT_SECRET"),
  configStore,
  // Everything sent to the platform passes the proxy, the config store's requests included.
  fetch: proxy.fetch,
});

const response = await authenticator.fetch("/api/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the platform answered ${response.status}`);
const { projects } = await response.json();
for (const { name } of projects) console.log(name);

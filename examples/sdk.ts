/**
 * Tokens for an SDK that takes a `fetch`: here `openapi-fetch`, typed by an OpenAPI description.
 *
 *     deno add jsr:@m2m/authenticator npm:openapi-fetch
 *     deno run --env-file --allow-env --allow-net=api.example.com,auth.example.com sdk.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`, and where
 * the server requires them `M2M_SCOPES` (space separated) and `M2M_AUDIENCE`.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import createClient from "openapi-fetch";

/** In a real project: `npx openapi-typescript https://api.example.com/openapi.json`. */
interface Paths {
  "/v1/projects": {
    get: { responses: { 200: { content: { "application/json": { id: string; name: string }[] } } } };
  };
}

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean),
    audience: Deno.env.get("M2M_AUDIENCE") || undefined,
  }),
});

const api = createClient<Paths>({ baseUrl: setting("M2M_ENDPOINT"), fetch: authenticator.fetch });
const { data, response } = await api.GET("/v1/projects");
if (!data) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
for (const project of data) console.log(`${project.id}: ${project.name}`);

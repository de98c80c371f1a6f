/**
 * Zoom: a token of a server-to-server app, by a grant of Zoom's own (`account_credentials`).
 *
 * Run against a server that answers as its documents say:
 * https://developers.zoom.us/docs/internal-apps/s2s-oauth/
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=ZOOM_* --allow-net=api.zoom.us,zoom.us zoom.ts
 *
 * Environment: `ZOOM_ACCOUNT_ID`, `ZOOM_CLIENT_ID`, `ZOOM_CLIENT_SECRET`.
 */
import { StaticClientConfigStore } from "@m2m/authenticator";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const authenticator = authenticatorFromEnv({
  prefix: "ZOOM_",
  endpoint: "https://api.zoom.us/v2/",
  configStore: new StaticClientConfigStore({ tokenEndpoint: "https://zoom.us/oauth/token" }),
  parameters: { account_id: Deno.env.get("ZOOM_ACCOUNT_ID") ?? "" },
  beforeTokenRequest: ({ body }) => body.set("grant_type", "account_credentials"),
});

const response = await authenticator.fetch("users?page_size=1");
console.log(response.status, await response.text());

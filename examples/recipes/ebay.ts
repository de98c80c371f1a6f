/**
 * eBay: an application token for the Browse API. Its `token_type` is "Application Access Token", and calls take it as
 * `Bearer`; scopes are URLs.
 *
 * Run against a server that answers as its documents say:
 * https://developer.ebay.com/api-docs/static/oauth-client-credentials-grant.html
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=EBAY_* --allow-net=api.ebay.com ebay.ts
 *
 * Environment: `EBAY_CLIENT_ID` (App ID), `EBAY_CLIENT_SECRET` (Cert ID). The sandbox is `api.sandbox.ebay.com`.
 */
import { StaticClientConfigStore } from "@m2m/authenticator";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const authenticator = authenticatorFromEnv({
  prefix: "EBAY_",
  endpoint: "https://api.ebay.com",
  configStore: new StaticClientConfigStore({ tokenEndpoint: "https://api.ebay.com/identity/v1/oauth2/token" }),
  scopes: ["https://api.ebay.com/oauth/api_scope"],
  tokenType: "Bearer",
});

const headers = { "x-ebay-c-marketplace-id": "EBAY_US" };
const response = await authenticator.fetch("/buy/browse/v1/item_summary/search?q=drone&limit=1", { headers });
console.log(response.status, await response.text());

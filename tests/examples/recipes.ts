/** What vendors' documents say of token requests and calls, and what they answer: an entry for each recipe. @module */

import { generateKeyPairSync, type KeyObject } from "node:crypto";

/** A request and its answer. Headers are those that count. */
export interface Exchange {
  /** Method and URL. */
  readonly request: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The form, or the JSON. */
  readonly body?: unknown;
  /** A 200 with this JSON. */
  readonly answer: unknown;
}

/** A recipe's run. */
export interface Recipe {
  readonly env: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** The server's metadata by their URL; all other such URLs are unknown. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** In their order. The last answer is printed. */
  readonly exchanges: readonly Exchange[];
}

/** The secret of all clients. Where it is sent by Basic, servers differ on how others are encoded. */
export const secret = "s3cr3t-8f2c";
const basic = (id: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });
const post = (id: string) => ({ client_id: id, client_secret: secret });
const client = (prefix: string, id: string) => ({ [`${prefix}_CLIENT_ID`]: id, [`${prefix}_CLIENT_SECRET`]: secret });

/** A token request by POST. */
const token = (url: string, answer: { access_token: string }, { headers = {}, ...form }: Record<string, unknown>) => ({
  request: `POST ${url}`,
  headers: { "content-type": "application/x-www-form-urlencoded", ...headers as Record<string, string> },
  body: { grant_type: "client_credentials", ...form },
  answer,
});
const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });
const get = (url: string, accessToken: string, answer: unknown, more: Record<string, string> = {}): Exchange => ({
  ...{ request: `GET ${url}`, headers: { ...bearer(accessToken), ...more }, answer },
});

const jwt = "eyJ0eXAiOiJKV1Qi.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";
const api = "https://api.example.com";
const projects = get(`${api}/v1/projects`, jwt, [{ id: "p1", name: "Apollo" }]);

const auth0 = "https://acme.eu.auth0.com/oauth/token";
const okta = "https://acme.okta.com/oauth2/default";
const entra = "https://login.microsoftonline.com/6f2c/oauth2/v2.0/token";
const keycloak = "https://sso.example.com/realms/acme";
const cognito = "https://acme.auth.eu-central-1.amazoncognito.com/oauth2/token";
const salesforce = "https://acme.my.salesforce.com";
const marketo = "https://123-abc-456.mktorest.com";
const snowflake = "https://acme-main.snowflakecomputing.com";

/** Of the user in Snowflake's recipe. */
export const snowflakeKey: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = generateKeyPairSync(
  "rsa",
  { modulusLength: 2048 },
);

const [sessionId, zoomToken, ebayToken] = ["00Dxx!AQEAQ.k3t0", "eyJzdiI6IjAw.M2M", "v^1.1#i^1#p^1#r^0#I^3#f^0#t^H4s="];
const [oldToken, newToken] = ["cdf01657-110d-4155-99a7-f986b2ff13a0:int", "a1b2c3d4-110d-4155-99a7-f986b2ff13a0:int"];
const marketoToken = (access_token: string) => ({
  request: `GET ${marketo}/identity/oauth/token?grant_type=client_credentials&client_id=id&client_secret=${secret}`,
  answer: { access_token, token_type: "bearer", expires_in: 3599, scope: "apis@acmeinc.com" },
});
const activities = `${marketo}/rest/v1/activities/types.json`;
const expired = { code: "602", message: "Access token expired" };

export const recipes: Readonly<Record<string, Recipe>> = {
  "auth0.ts": {
    env: {
      ...{ AUTH0_ENDPOINT: api, AUTH0_TOKEN_ENDPOINT: auth0, AUTH0_AUDIENCE: "https://projects" },
      ...client("AUTH0", "id"),
    },
    exchanges: [
      token(auth0, { access_token: jwt, ...{ token_type: "Bearer", expires_in: 86400 } }, {
        ...post("id"),
        audience: "https://projects",
      }),
      projects,
    ],
  },
  "okta.ts": {
    env: { OKTA_ENDPOINT: api, OKTA_ISSUER: okta, OKTA_SCOPES: "projects", ...client("OKTA", "0oab") },
    metadata: {
      [`${okta}/.well-known/oauth-authorization-server`]: { issuer: okta, token_endpoint: `${okta}/v1/token` },
      [`${okta}/.well-known/openid-configuration`]: { issuer: okta, token_endpoint: `${okta}/v1/token` },
    },
    exchanges: [
      token(`${okta}/v1/token`, {
        ...{ access_token: jwt, token_type: "Bearer", expires_in: 3600, scope: "projects" },
      }, { headers: basic("0oab"), scope: "projects" }),
      projects,
    ],
  },
  "entra_id.ts": {
    env: { ENTRA_TOKEN_ENDPOINT: entra, ...client("ENTRA", "535fb089") },
    exchanges: [
      token(entra, { access_token: jwt, ...{ token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599 } }, {
        ...post("535fb089"),
        scope: "https://graph.microsoft.com/.default",
      }),
      get("https://graph.microsoft.com/v1.0/users?$select=displayName", jwt, { value: [{ displayName: "Ada" }] }),
    ],
  },
  "keycloak.ts": {
    env: { KEYCLOAK_ENDPOINT: api, KEYCLOAK_ISSUER: keycloak, ...client("KEYCLOAK", "id") },
    metadata: {
      [`${keycloak}/.well-known/openid-configuration`]: {
        issuer: keycloak,
        token_endpoint: `${keycloak}/protocol/openid-connect/token`,
        token_endpoint_auth_methods_supported: ["private_key_jwt", "client_secret_basic", "client_secret_post"],
      },
    },
    exchanges: [
      token(`${keycloak}/protocol/openid-connect/token`, {
        ...{ access_token: jwt, expires_in: 300, refresh_expires_in: 0, token_type: "Bearer" },
        ...{ "not-before-policy": 0, scope: "profile email" },
      }, { headers: basic("id") }),
      projects,
    ],
  },
  "cognito.ts": {
    env: {
      ...{ COGNITO_ENDPOINT: api, COGNITO_TOKEN_ENDPOINT: cognito, COGNITO_SCOPES: "projects/read" },
      ...client("COGNITO", "1example23456789"),
    },
    exchanges: [
      token(cognito, { access_token: jwt, ...{ token_type: "Bearer", expires_in: 3600 } }, {
        headers: basic("1example23456789"),
        scope: "projects/read",
      }),
      projects,
    ],
  },
  "salesforce.ts": {
    env: {
      ...{ SALESFORCE_ENDPOINT: salesforce, SALESFORCE_TOKEN_ENDPOINT: `${salesforce}/services/oauth2/token` },
      ...client("SALESFORCE", "3MVG9"),
    },
    exchanges: [
      token(`${salesforce}/services/oauth2/token`, {
        ...{ access_token: sessionId, signature: "c2ln", scope: "api", instance_url: salesforce },
        ...{ id: `${salesforce}/id/00D/005`, token_type: "Bearer", issued_at: "1795910400000" },
      }, post("3MVG9")),
      get(`${salesforce}/services/data/v66.0/query?q=SELECT+Name+FROM+Account`, sessionId, {
        ...{ totalSize: 1, done: true, records: [{ Name: "Acme" }] },
      }),
    ],
  },
  "zoom.ts": {
    env: { ZOOM_ACCOUNT_ID: "Wk9PTV9B", ...client("ZOOM", "id") },
    exchanges: [
      token("https://zoom.us/oauth/token", {
        ...{ access_token: zoomToken, token_type: "bearer", expires_in: 3599, scope: "user:read:list_users:admin" },
        ...{ api_url: "https://api.zoom.us" },
      }, { headers: basic("id"), grant_type: "account_credentials", account_id: "Wk9PTV9B" }),
      get("https://api.zoom.us/v2/users?page_size=1", zoomToken, { page_size: 1, users: [{ id: "u1" }] }),
    ],
  },
  "snowflake.ts": {
    env: { SNOWFLAKE_ENDPOINT: snowflake, SNOWFLAKE_ACCOUNT: "acme-main", SNOWFLAKE_USER: "loader" },
    files: { SNOWFLAKE_KEY_FILE: snowflakeKey.privateKey.export({ type: "pkcs8", format: "pem" }) as string },
    exchanges: [{
      request: `POST ${snowflake}/api/v2/statements`,
      headers: { "content-type": "application/json", "x-snowflake-authorization-token-type": "KEYPAIR_JWT" },
      body: { statement: "select current_user()", timeout: 60 },
      answer: { code: "090001", statementHandle: "01b2", data: [["LOADER"]] },
    }],
  },
  "marketo.ts": {
    env: {
      ...{ MARKETO_ENDPOINT: marketo, MARKETO_TOKEN_ENDPOINT: `${marketo}/identity/oauth/token` },
      ...client("MARKETO", "id"),
    },
    exchanges: [
      marketoToken(oldToken),
      get(activities, oldToken, { requestId: "6e78", success: false, errors: [expired] }),
      marketoToken(newToken),
      get(activities, newToken, { requestId: "6e79", success: true, result: [{ id: 1, name: "Visit Webpage" }] }),
    ],
  },
  "ebay.ts": {
    env: client("EBAY", "Acme-Shop-PRD-1234"),
    exchanges: [
      token("https://api.ebay.com/identity/v1/oauth2/token", {
        ...{ access_token: ebayToken, expires_in: 7200, token_type: "Application Access Token" },
      }, { headers: basic("Acme-Shop-PRD-1234"), scope: "https://api.ebay.com/oauth/api_scope" }),
      get("https://api.ebay.com/buy/browse/v1/item_summary/search?q=drone&limit=1", ebayToken, {
        ...{ total: 1, itemSummaries: [{ itemId: "v1|1|0", title: "Drone" }] },
      }, { "x-ebay-c-marketplace-id": "EBAY_US" }),
    ],
  },
};

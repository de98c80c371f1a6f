/**
 * Grants that oidc-provider lacks: the JWT bearer grant (RFC 7523 §2.1) and token exchange (RFC 8693), without a user.
 *
 * @module
 */

import { createLocalJWKSet, errors, importJWK, type JWK, jwtVerify, type JWTVerifyOptions, SignJWT } from "jose";
// @ts-types="./oidc_provider.d.ts"
import { CustomOIDCProviderError } from "oidc-provider/lib/helpers/errors.js";
// @ts-types="./oidc_provider.d.ts"
import { resolveRequestedResources } from "oidc-provider/lib/helpers/grants.js";
import type { Context, GrantContext, Provider } from "./oidc_provider.d.ts";

/** What a grant works with. */
export interface GrantServer {
  readonly provider: Provider;
  readonly issuer: string;
  /** The server's own private keys. */
  readonly keys: readonly JWK[];
}

export interface MachineGrant {
  readonly name: string;
  readonly parameters: readonly string[];
  /** Verifies the request; returns claims for the token. */
  redeem(context: GrantContext, server: GrantServer): Promise<Record<string, unknown>>;
}

const claims = new WeakMap<Context, Record<string, unknown>>();

/** Returns the claims that this request's grant has for the token. */
export function readGrantClaims(context: Context): Record<string, unknown> {
  return claims.get(context) ?? {};
}

export function registerGrant(server: GrantServer, grant: MachineGrant): void {
  const handle = async (context: GrantContext) => {
    claims.set(context, await grant.redeem(context, server));
    const isJwt = [jwt, idJag].includes(String(context.oidc.params.requested_token_type));
    context.body = await (isJwt ? signJwt : issueAccessToken)(context, server);
  };
  const parameters = ["scope", "resource", "audience", ...grant.parameters];
  server.provider.registerGrantType(grant.name, handle, parameters, ["resource", "audience"]);
}

/** The grant by an assertion, of issuers known by their public keys. */
export function jwtBearerGrant(issuers: Readonly<Record<string, readonly JWK[]>>): MachineGrant {
  return {
    name: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    parameters: ["assertion"],
    async redeem({ oidc: { params: { assertion } } }, { provider, issuer }) {
      if (typeof assertion !== "string") throw new CustomOIDCProviderError("invalid_request", "there is no assertion");
      const own = { issuer: Object.keys(issuers), audience: [issuer, `${issuer}/token`] };
      const rules = { ...own, requiredClaims: ["sub", "jti", "exp"] };
      const claims = await verify(assertion, Object.values(issuers).flat(), rules, "invalid_grant");
      const { iss = "", sub, jti = "", exp = 0, asserted } = claims;
      if (!await provider.ReplayDetection.unique(iss, jti, exp)) {
        throw new CustomOIDCProviderError("invalid_grant", `the assertion ${assertion} was used already`);
      }
      return { vouched_by: iss, on_behalf_of: sub, asserted };
    },
  };
}

/** The grant by a token of this very server. */
export function tokenExchangeGrant(): MachineGrant {
  return {
    name: "urn:ietf:params:oauth:grant-type:token-exchange",
    parameters: ["subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type"],
    async redeem({ oidc: { params } }, server) {
      const subject = await readSubject(params.subject_token, params.subject_token_type, server);
      if (params.actor_token !== undefined) {
        return { on_behalf_of: subject, act: await readSubject(params.actor_token, params.actor_token_type, server) };
      }
      if (params.actor_token_type === undefined) return { on_behalf_of: subject };
      throw new CustomOIDCProviderError("invalid_request", "there is no actor_token");
    },
  };
}

const ownAccessToken = "urn:ietf:params:oauth:token-type:access_token";
const jwt = "urn:ietf:params:oauth:token-type:jwt";
const idToken = "urn:ietf:params:oauth:token-type:id_token";
const idJag = "urn:ietf:params:oauth:token-type:id-jag";

async function readSubject(token: unknown, type: unknown, { provider, issuer, keys }: GrantServer): Promise<unknown> {
  if (typeof token !== "string") throw new CustomOIDCProviderError("invalid_request", "there is no token");
  if (![ownAccessToken, jwt, idToken].includes(String(type))) {
    throw new CustomOIDCProviderError("invalid_request", `unknown type ${type}`);
  }
  const found = await provider.ClientCredentials.find(token);
  if (found !== undefined) return found.clientId;
  const publicKeys = keys.map(({ d: _, ...key }) => key);
  const payload = await verify(token, publicKeys, { issuer, requiredClaims: ["exp"] }, "invalid_request");
  return payload.on_behalf_of ?? payload.client_id;
}

async function verify(token: string, keys: JWK[], options: JWTVerifyOptions, error: string) {
  try {
    return (await jwtVerify(token, createLocalJWKSet({ keys }), options)).payload;
  } catch (cause) {
    if (!(cause instanceof errors.JOSEError)) throw cause;
    // It shows the token, as careless servers do: the client must not pass it on.
    throw new CustomOIDCProviderError(error, `${token} isn't valid: ${cause.message}`);
  }
}

async function issueAccessToken(context: GrantContext, { provider }: GrantServer): Promise<unknown> {
  const { client, params, requestParamScopes } = context.oidc;
  if (params.audience !== undefined) params.resource ??= params.audience;
  const servers = await resolveRequestedResources(provider, context);
  const [resourceServer] = servers;
  const scopes = [...requestParamScopes].filter((each) => resourceServer?.scope.split(" ").includes(each));
  const scope = scopes.join(" ") || undefined;
  const token = new provider.ClientCredentials({ client, scope });
  token.resourceServer = resourceServer;
  if (servers.length > 1) token.aud = servers.map(({ audience }) => audience);
  const access_token = await token.save();
  const { tokenType: token_type, expiration: expires_in } = token;
  return { access_token, issued_token_type: ownAccessToken, token_type, expires_in, scope };
}

/** Signs a JWT that is no access token (RFC 8693 §2.2.1): an assertion for another server, maybe. */
async function signJwt(context: GrantContext, { issuer, keys: [key] }: GrantServer): Promise<unknown> {
  const { client, params } = context.oidc;
  const claims = readGrantClaims(context);
  const issued_token_type = params.requested_token_type;
  const access_token = await new SignJWT({ ...claims, client_id: client.clientId })
    .setProtectedHeader({ alg: "ES256", kid: key!.kid!, typ: issued_token_type === idJag ? "oauth-id-jag+jwt" : "JWT" })
    .setIssuer(issuer)
    .setAudience(String(params.audience ?? issuer)).setSubject(String(claims.on_behalf_of))
    .setJti(crypto.randomUUID()).setIssuedAt().setExpirationTime("5 minutes").sign(await importJWK(key!, "ES256"));
  return { access_token, issued_token_type, token_type: "N_A", expires_in: 300 };
}

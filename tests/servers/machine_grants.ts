/**
 * Grants that oidc-provider doesn't have by itself, as it would: the JWT bearer grant (RFC 7523 §2.1) and token exchange
 * (RFC 8693), for clients that act by themselves.
 *
 * @module
 */

import { createLocalJWKSet, errors, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
// @ts-types="./oidc_provider.d.ts"
import { CustomOIDCProviderError } from "oidc-provider/lib/helpers/errors.js";
// @ts-types="./oidc_provider.d.ts"
import { resolveRequestedResources } from "oidc-provider/lib/helpers/grants.js";
import type { Context, GrantContext, Provider } from "./oidc_provider.d.ts";

/** What a grant is given to do its work. */
export interface GrantServer {
  readonly provider: Provider;
  readonly issuer: string;
  /** The server's own private keys. */
  readonly keys: readonly JWK[];
}

/** What a grant gives for: who, as claims of the token. It throws what {@linkcode refusal} makes. */
export interface MachineGrant {
  readonly name: string;
  readonly parameters: readonly string[];
  redeem(context: GrantContext, server: GrantServer): Promise<Record<string, unknown>>;
}

const claims = new WeakMap<Context, Record<string, unknown>>();

/** What the grant of this request has found out, for the token to say. */
export function grantedClaims(context: Context): Record<string, unknown> {
  return claims.get(context) ?? {};
}

/** Has a server know a grant. */
export function registerGrant(server: GrantServer, grant: MachineGrant): void {
  const { provider } = server;
  provider.registerGrantType(
    grant.name,
    async (context) => {
      claims.set(context, await grant.redeem(context, server));
      context.body = context.oidc.params.requested_token_type === jwt
        ? await signedJwt(context, server)
        : await accessToken(context, server);
    },
    ["scope", "resource", "audience", ...grant.parameters],
    ["resource", "audience"],
  );
}

/** The grant by an assertion, of issuers known by their public keys. */
export function jwtBearerGrant(issuers: Readonly<Record<string, readonly JWK[]>>): MachineGrant {
  return {
    name: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    parameters: ["assertion"],
    async redeem({ oidc: { params } }, { provider, issuer }) {
      const { assertion } = params;
      if (typeof assertion !== "string") throw refusal("invalid_request", "there is no assertion");
      const keys = Object.values(issuers).flat();
      const { payload } = await verified(assertion, () =>
        jwtVerify(assertion, createLocalJWKSet({ keys }), {
          issuer: Object.keys(issuers),
          audience: [issuer, `${issuer}/token`],
          requiredClaims: ["sub", "jti", "exp"],
        }), "invalid_grant");
      const { iss = "", sub, jti = "", exp = 0 } = payload;
      if (!await provider.ReplayDetection.unique(iss, jti, exp)) {
        throw refusal("invalid_grant", `the assertion ${assertion} was used already`);
      }
      return { vouched_by: iss, on_behalf_of: sub, asserted: payload.asserted };
    },
  };
}

/** The grant by a token of this very server. */
export function tokenExchangeGrant(): MachineGrant {
  return {
    name: "urn:ietf:params:oauth:grant-type:token-exchange",
    parameters: ["subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type"],
    async redeem({ oidc: { params } }, server) {
      const subject = await subjectOf(params.subject_token, params.subject_token_type, server);
      if (params.actor_token === undefined) {
        if (params.actor_token_type !== undefined) throw refusal("invalid_request", "there is no actor_token");
        return { on_behalf_of: subject };
      }
      return { on_behalf_of: subject, act: await subjectOf(params.actor_token, params.actor_token_type, server) };
    },
  };
}

const ownAccessToken = "urn:ietf:params:oauth:token-type:access_token";
const jwt = "urn:ietf:params:oauth:token-type:jwt";

async function subjectOf(token: unknown, type: unknown, { provider, issuer, keys }: GrantServer): Promise<unknown> {
  if (typeof token !== "string") throw refusal("invalid_request", "there is no token");
  if (type !== ownAccessToken && type !== jwt) throw refusal("invalid_request", `${type} is no type known here`);
  const found = await provider.ClientCredentials.find(token);
  if (found !== undefined) return found.clientId;
  const { payload } = await verified(token, () =>
    jwtVerify(token, createLocalJWKSet({ keys: keys.map(publicJwk) }), {
      issuer,
      requiredClaims: ["exp"],
    }), "invalid_request");
  return payload.on_behalf_of ?? payload.client_id;
}

async function verified<T>(token: string, verify: () => Promise<T>, error: string): Promise<T> {
  try {
    return await verify();
  } catch (cause) {
    if (!(cause instanceof errors.JOSEError)) throw cause;
    // Careless, as servers are: the client has to keep it from being shown.
    throw refusal(error, `${token} isn't valid: ${cause.message}`);
  }
}

/** A refusal that says why. */
export function refusal(error: string, description: string): Error {
  return new CustomOIDCProviderError(error, description);
}

async function accessToken(context: GrantContext, { provider }: GrantServer): Promise<unknown> {
  const { client, params, requestParamScopes } = context.oidc;
  params.resource ??= params.audience;
  const servers = await resolveRequestedResources(provider, context);
  const [resourceServer] = servers;
  const scope = [...requestParamScopes].filter((each) => resourceServer?.scope.split(" ").includes(each)).join(" ");
  const token = new provider.ClientCredentials({ client, scope: scope || undefined });
  token.resourceServer = resourceServer;
  if (servers.length > 1) token.aud = servers.map(({ audience }) => audience);
  const access_token = await token.save();
  return {
    access_token,
    issued_token_type: ownAccessToken,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope: scope || undefined,
  };
}

/** No access token (RFC 8693 §2.2.1): something to hand on. */
async function signedJwt(context: GrantContext, { issuer, keys: [key] }: GrantServer): Promise<unknown> {
  const { client, params } = context.oidc;
  const audience = String(params.audience ?? issuer);
  const access_token = await new SignJWT({ ...grantedClaims(context), client_id: client.clientId })
    .setProtectedHeader({ alg: "ES256", kid: key!.kid! }).setIssuer(issuer).setAudience(audience)
    .setSubject(String(grantedClaims(context).on_behalf_of)).setJti(crypto.randomUUID()).setIssuedAt()
    .setExpirationTime("5 minutes").sign(await importJWK(key!, "ES256"));
  return { access_token, issued_token_type: jwt, token_type: "N_A", expires_in: 300 };
}

function publicJwk({ d: _, ...jwk }: JWK): JWK {
  return jwk;
}

/**
 * The grants of a test authorization server, for machines.
 *
 * @module
 */

import { readClaims } from "../jwt/read_jwt.ts";
import type { TestClient } from "./client_authentication.ts";
import { type IssuedTokens, type TokenGrant, toSeconds } from "./issued_tokens.ts";
import { type KeySet, signJwt, verifyAssertion } from "./json_web_tokens.ts";
import { OAuthError } from "./oauth_error.ts";
import type { TestClock } from "./test_clock.ts";

export const clientCredentials = "client_credentials";
export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/** Grants for another server's token endpoint, by their types; the value is the JWT's own `typ`. */
export const assertionTypes = new Map([
  ["urn:ietf:params:oauth:token-type:id-jag", "oauth-id-jag+jwt"],
  ["urn:ietf:params:oauth:token-type:jwt", "JWT"],
]);

/** What a server grants, and whose assertions it takes. */
export interface GrantRules {
  /** The scopes that are granted: any where it is absent. */
  readonly scopes?: readonly string[] | undefined;
  /** The public keys of those whose assertions count, by issuer. */
  readonly trustedIssuers: Readonly<Record<string, readonly JsonWebKey[]>>;
  /** What an assertion's `aud` may be. */
  readonly ownNames: readonly string[];
  readonly clock: TestClock;
  readonly tokens: IssuedTokens;
}

/** Decides what a token request of this client is granted. */
export async function decideGrant(form: URLSearchParams, client: TestClient, rules: GrantRules): Promise<TokenGrant> {
  const { clientId } = client;
  const parties = await readParties(form, clientId, rules);
  const audience = ["audience", "resource"].flatMap((name) => form.getAll(name));
  return { clientId, scopes: chooseScopes(form, client, rules), audience, ...parties };
}

type Parties = Pick<TokenGrant, "subject" | "actor">;

async function readParties(form: URLSearchParams, clientId: string, rules: GrantRules): Promise<Parties> {
  const grantType = form.get("grant_type");
  switch (grantType) {
    case clientCredentials:
      return { subject: clientId };
    case jwtBearer:
      return { subject: await readAssertion(form, "assertion", rules) };
    case tokenExchange: {
      const subject = await readToken(form, "subject_token", rules);
      return form.has("actor_token") ? { subject, actor: await readToken(form, "actor_token", rules) } : { subject };
    }
    case null:
      throw new OAuthError("invalid_request", "grant_type is missing, or the body is no form");
    default:
      throw new OAuthError(
        "unsupported_grant_type",
        "It is another than client credentials, JWT bearer, token exchange",
      );
  }
}

/** A token of this server, or an assertion. */
async function readToken(form: URLSearchParams, name: string, rules: GrantRules): Promise<string> {
  if (!form.has(`${name}_type`)) throw new OAuthError("invalid_request", `${name}_type is missing`);
  const found = rules.tokens.find(form.get(name) ?? "");
  return typeof found === "object" ? found.subject : await readAssertion(form, name, rules);
}

async function readAssertion(form: URLSearchParams, name: string, rules: GrantRules): Promise<string> {
  const assertion = form.get(name) ?? "";
  const issuer = String(readClaims(assertion)["iss"]);
  const jwks = rules.trustedIssuers[issuer];
  if (!jwks) throw new OAuthError("invalid_grant", `${name} is of no trusted issuer, or no live token`);
  const currentDate = new Date(rules.clock.wall());
  try {
    const options = { issuer, audience: [...rules.ownNames], requiredClaims: ["exp", "sub"], currentDate };
    return (await verifyAssertion(assertion, { jwks }, options)).claims.sub!;
  } catch (error) {
    throw new OAuthError("invalid_grant", `${name} is invalid: ${(error as Error).message}`);
  }
}

function chooseScopes(form: URLSearchParams, client: TestClient, rules: GrantRules): readonly string[] {
  const known = client.scopes ?? rules.scopes;
  const wanted = form.get("scope")?.split(" ").filter(Boolean);
  const unknown = wanted?.find((scope) => known?.includes(scope) === false);
  if (unknown !== undefined) throw new OAuthError("invalid_scope", `The client may not have the scope ${unknown}`);
  return wanted ?? known ?? [];
}

/** The type of what a token exchange issues (RFC 8693 §2.2.1): an access token where the requested type isn't known. */
export function readIssuedType(form: URLSearchParams): string | undefined {
  if (form.get("grant_type") !== tokenExchange) return undefined;
  const requested = form.get("requested_token_type") ?? "";
  return assertionTypes.has(requested) ? requested : accessTokenType;
}

/** What signs a grant for another server. */
interface GrantSigner {
  readonly issuer: string;
  readonly keys: KeySet;
  readonly clock: TestClock;
  readonly lifetime: number;
  readonly typ: string;
}

/** Signs a grant for another authorization server (draft-ietf-oauth-identity-assertion-authz-grant-03 §3.1). */
export async function signGrant(
  form: URLSearchParams,
  { clientId, subject, scopes }: TokenGrant,
  { issuer, keys, clock, lifetime, typ }: GrantSigner,
): Promise<{ accessToken: string }> {
  const resource = form.getAll("resource");
  const audience = form.get("audience") ?? resource[0];
  if (!audience) throw new OAuthError("invalid_request", "audience is missing: the server that the grant is for");
  const [iat, jti] = [toSeconds(clock.wall()), crypto.randomUUID()];
  const about = { iss: issuer, sub: subject, aud: audience, client_id: clientId };
  const more = { ...resource.length > 0 && { resource }, ...scopes.length > 0 && { scope: scopes.join(" ") } };
  return { accessToken: await signJwt(keys, { ...about, ...more, jti, iat, exp: iat + toSeconds(lifetime) }, typ) };
}

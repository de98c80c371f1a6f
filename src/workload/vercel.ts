/**
 * The identity of a deployment on Vercel: its OIDC token.
 *
 * Functions get it as the header `x-vercel-oidc-token` of each request, builds and `vercel env pull` as the variable
 * `VERCEL_OIDC_TOKEN` (https://vercel.com/docs/oidc/reference). Its audience is `https://vercel.com/TEAM_SLUG`.
 *
 * @module
 */

import { checkFunction } from "../arguments.ts";
import { checkJwt, createIdentityError, makeIdentity, type Platform, type WorkloadIdentity } from "./identity.ts";
import { findVariable, type VariableOptions } from "./variables.ts";
import { readRequestToken, vercelHeader } from "./vercel_request.ts";

export type { WorkloadIdentity } from "./identity.ts";
export type { VariableOptions } from "./variables.ts";

/** Options of {@linkcode vercelToken}. */
export interface VercelTokenOptions extends VariableOptions {
  /**
   * Returns the headers of the request that is being served.
   *
   * @default {those that Vercel's runtime holds, as `@vercel/oidc` reads them}
   */
  readonly headers?: (() => Headers | undefined) | undefined;
  /** The audience that the token must have; one for another is sent nowhere. Default: it isn't checked. */
  readonly audience?: string | undefined;
}

const vercel: Platform = {
  name: "vercel",
  title: "Vercel",
  advice: "Enable OIDC federation in the project's settings; on a machine of your own run vercel env pull.",
};
const variable = "VERCEL_OIDC_TOKEN";

/**
 * Reads the OIDC token of a deployment, each time: of the request that is being served, or else of the environment.
 *
 * @example
 * ```ts
 * import { TokenExchangeAuthenticator, TokenType } from "@m2m/authenticator/grant/token-exchange";
 * import { vercelToken } from "@m2m/authenticator/workload/vercel";
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 *
 * const authenticator = new TokenExchangeAuthenticator({
 *   endpoint: "https://api.example.com",
 *   subjectToken: vercelToken(),
 *   subjectTokenType: TokenType.JWT,
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * console.log(authenticator.credentials); // undefined: no token has been requested yet
 * ```
 *
 * @param options Where the token is, and its audience.
 * @returns The identity.
 * @throws {TypeError} If an option can't be used.
 */
export function vercelToken(options: VercelTokenOptions = {}): WorkloadIdentity {
  const { headers, audience, env } = options;
  checkFunction("headers", headers);
  return makeIdentity(vercel, `the request's header ${vercelHeader}, or the variable ${variable}`, () => {
    return Promise.resolve().then(() => {
      const token = (headers ? headers()?.get(vercelHeader) : readRequestToken()) ||
        findVariable(vercel, variable, { env });
      if (token) return checkJwt(vercel, token, audience);
      throw createIdentityError(vercel, `neither the header ${vercelHeader} nor the variable ${variable} is there`);
    });
  });
}

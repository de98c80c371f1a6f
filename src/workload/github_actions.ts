/**
 * The identity of a job in GitHub Actions, or Forgejo Actions: an ID token for an audience of your choice.
 *
 * The job may ask for it with `permissions: { id-token: write }`
 * (https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token).
 *
 * @module
 */

import { parseJsonObject } from "../http/json.ts";
import { checkAudience, checkJwt, makeIdentity, type Platform, type WorkloadIdentity } from "./identity.ts";
import { askPlatform, checkRequestOptions, type PlatformRequestOptions } from "./platform_request.ts";
import { reuseJwt } from "./reused_jwt.ts";
import { requireUrl, requireVariable, type VariableOptions } from "./variables.ts";

export type { WorkloadIdentity } from "./identity.ts";
export type { PlatformRequestOptions } from "./platform_request.ts";
export type { VariableOptions } from "./variables.ts";

/** Options of {@linkcode githubActionsToken}. */
export interface GithubActionsTokenOptions extends PlatformRequestOptions, VariableOptions {
  /** The token's `aud`: what the authorization server wants, often its issuer. */
  readonly audience: string;
}

const github: Platform = {
  name: "github-actions",
  title: "GitHub Actions",
  advice: 'Give the job "permissions: { id-token: write }".',
};
const [urlName, tokenName] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

/**
 * Requests ID tokens of the job. On Deno this needs `--allow-env` for the two variables, and `--allow-net` for GitHub's
 * host in them.
 *
 * @example
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { githubActionsToken } from "@m2m/authenticator/workload/github-actions";
 *
 * const identity = githubActionsToken({ audience: "https://auth.example.com" });
 * const clientAuth = clientAssertion(identity);
 * console.log(identity.platform, clientAuth.method); // github-actions private_key_jwt
 * ```
 *
 * @param options The audience, and how the request is sent.
 * @returns The identity.
 * @throws {TypeError} If the audience is empty, or another option can't be used.
 */
export function githubActionsToken(options: GithubActionsTokenOptions): WorkloadIdentity {
  const { audience, env, reuse, ...settings } = options;
  checkAudience(audience);
  checkRequestOptions(settings);
  const description = `an ID token by ${urlName} and ${tokenName}; the job has the permission id-token: write`;
  return makeIdentity(
    github,
    description,
    reuseJwt(async () => {
      const url = requireUrl(github, urlName, { env });
      url.searchParams.set("audience", audience);
      const authorization = `Bearer ${requireVariable(github, tokenName, { env })}`;
      const { text } = await askPlatform(github, url, { headers: { authorization } }, settings);
      return checkJwt(github, parseJsonObject(text)?.value, audience);
    }, reuse),
  );
}

/**
 * The identity of a job in GitLab CI/CD: an ID token in a variable that `id_tokens` names.
 *
 * The job says for whom it is (https://docs.gitlab.com/ci/secrets/id_token_authentication/):
 *
 * ```yaml
 * my-job:
 *   id_tokens:
 *     M2M_ID_TOKEN: { aud: https://auth.example.com }
 * ```
 *
 * @module
 */

import { checkJwt, makeIdentity, type Platform, type WorkloadIdentity } from "./identity.ts";
import { requireVariable, type VariableOptions } from "./variables.ts";

export type { WorkloadIdentity } from "./identity.ts";
export type { VariableOptions } from "./variables.ts";

/** Options of {@linkcode gitlabCiToken}. */
export interface GitlabCiTokenOptions extends VariableOptions {
  /** The name under `id_tokens`. */
  readonly variable: string;
  /** The audience that the token must have; one for another is sent nowhere. Default: it isn't checked. */
  readonly audience?: string | undefined;
}

const gitlab: Platform = {
  name: "gitlab-ci",
  title: "GitLab CI/CD",
  advice: "Add id_tokens with this variable, and the server's aud, to the job.",
};

/**
 * Reads the ID token of a job. On Deno this needs `--allow-env` for its variable.
 *
 * GitLab makes it when the job starts: it lives for as long as the job may take, or five minutes.
 *
 * @example
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { gitlabCiToken } from "@m2m/authenticator/workload/gitlab-ci";
 *
 * const identity = gitlabCiToken({ variable: "M2M_ID_TOKEN" });
 * const clientAuth = clientAssertion(identity);
 * console.log(identity.platform, clientAuth.method); // gitlab-ci private_key_jwt
 * ```
 *
 * @param options The variable, and the token's audience.
 * @returns The identity.
 * @throws {TypeError} If the variable's name is empty.
 */
export function gitlabCiToken(options: GitlabCiTokenOptions): WorkloadIdentity {
  const { variable, audience, env } = options;
  if (typeof variable !== "string" || !/^\w+$/.test(variable)) {
    throw new TypeError("variable must be the name of a variable under id_tokens.");
  }
  return makeIdentity(gitlab, `the variable ${variable}, by the job's id_tokens`, () => {
    return Promise.resolve().then(() => checkJwt(gitlab, requireVariable(gitlab, variable, { env }), audience));
  });
}

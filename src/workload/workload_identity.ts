/**
 * Finds the platform that a program runs on, and its identity there.
 *
 * ```ts ignore
 * // Not run: it needs such a platform.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { workloadIdentity } from "@m2m/authenticator/workload";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientAuth: clientAssertion(workloadIdentity({ audience: "https://auth.example.com" })),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * ```
 *
 * Cloud Foundry signs no JWT for its apps: their identity is the certificate in `CF_INSTANCE_CERT` and `CF_INSTANCE_KEY`
 * (https://docs.cloudfoundry.org/devguide/deploy-apps/instance-identity.html), which `tlsClientAuth` of
 * `./client-auth/tls` sends as `clientCertificate`.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { azureToken } from "./azure.ts";
import { fileExists } from "./file_exists.ts";
import { flyToken } from "./fly.ts";
import { gcpToken } from "./gcp.ts";
import { githubActionsToken } from "./github_actions.ts";
import { gitlabCiToken } from "./gitlab_ci.ts";
import { checkAudience, makeIdentity, type WorkloadIdentity } from "./identity.ts";
import { kubernetesToken } from "./kubernetes.ts";
import { checkRequestOptions, type PlatformRequestOptions } from "./platform_request.ts";
import { spiffeToken } from "./spiffe.ts";
import { isSet, type VariableOptions } from "./variables.ts";
import { vercelToken } from "./vercel.ts";
import { readRequestToken } from "./vercel_request.ts";
import { aws, readWebIdentityFile, webIdentityFile } from "./web_identity_file.ts";

export type { WorkloadIdentity } from "./identity.ts";
export type { PlatformRequestOptions } from "./platform_request.ts";
export type { VariableOptions } from "./variables.ts";

/** Options of {@linkcode workloadIdentity}. */
export interface WorkloadIdentityOptions extends PlatformRequestOptions, VariableOptions {
  /**
   * The token's `aud`: what the authorization server wants, often its issuer. One for another is sent nowhere; of a managed
   * identity of Azure it isn't checked.
   */
  readonly audience: string;
  /** On GitLab CI/CD: the name of the variable under `id_tokens`. Default: GitLab isn't looked for. */
  readonly gitlabVariable?: string | undefined;
  /** On Kubernetes: the file of the projected token. Default: Kubernetes isn't looked for. */
  readonly kubernetesPath?: string | undefined;
  /** With SPIFFE: the file of the JWT-SVID. Default: SPIFFE isn't looked for. */
  readonly spiffePath?: string | undefined;
  /**
   * Whether to ask Google's metadata server where the variables of Cloud Run, Functions or App Engine are set. Knative sets
   * one of them elsewhere, too.
   *
   * @default {false}
   */
  readonly useMetadataServer?: boolean | undefined;
}

/** A platform, by what shows that it is there. */
interface Candidate {
  readonly title: string;
  /** What is looked for. */
  readonly sign: string;
  readonly isThere: boolean;
  make(): WorkloadIdentity;
}

/**
 * Finds the identity of this workload by its variables and files; sends no request. The first of these counts: GitHub
 * Actions, GitLab CI/CD, Vercel, Fly.io, Azure, AWS (EKS), SPIFFE, Kubernetes, Google Cloud.
 *
 * Two are never found, since nothing but a request would show them: Azure's virtual machines (`azureToken` with
 * `source: "imds"`) and Google's (`gcpToken`). AWS STS is asked by `awsToken` alone.
 *
 * @example
 * ```ts
 * import { workloadIdentity } from "@m2m/authenticator/workload";
 *
 * const identity = workloadIdentity({
 *   audience: "https://auth.example.com",
 *   kubernetesPath: "/var/run/secrets/tokens/authorization-server",
 *   env: { VERCEL_OIDC_TOKEN: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln" }, // default: the process's
 * });
 * console.log(identity.platform); // vercel
 * console.log(identity.description); // the request's header x-vercel-oidc-token, or the variable VERCEL_OIDC_TOKEN
 * ```
 *
 * @param options The audience, and files and variables whose names are yours.
 * @returns The identity, whose `platform` and `description` say what was found.
 * @throws {AuthenticationError} If none is there (`client_auth_unavailable`): the message lists what was looked for.
 * @throws {TypeError} If an option can't be used.
 */
export function workloadIdentity(options: WorkloadIdentityOptions): WorkloadIdentity {
  checkAudience(options.audience);
  checkRequestOptions(options);
  const candidates = listCandidates(options);
  const found = candidates.find(({ isThere }) => isThere);
  if (found) return found.make();
  const looked = candidates.map(({ title, sign }) => `${title} (${sign})`).join(", ");
  throw new AuthenticationError(
    "client_auth_unavailable",
    `Cannot find a workload identity. Looked for: ${looked}. Set what is missing, allow reading it (on Deno --allow-env ` +
      "and --allow-read), or use the platform's own function.",
  );
}

function listCandidates(options: WorkloadIdentityOptions): Candidate[] {
  const { audience, env, gitlabVariable, kubernetesPath, spiffePath, useMetadataServer } = options;
  const byVariables = (title: string, names: readonly string[], make: () => WorkloadIdentity): Candidate => {
    return { title, sign: names.join(" and "), isThere: names.every((name) => isSet(name, { env })), make };
  };
  const byFile = (
    title: string,
    path: string | undefined,
    option: string,
    make: (path: string) => WorkloadIdentity,
  ) => {
    const isThere = path !== undefined && fileExists(path);
    const sign = path === undefined ? `${option} isn't given` : `the file of ${option}`;
    return { title, sign, isThere, make: () => make(path!) };
  };
  const runtimes = ["K_SERVICE", "CLOUD_RUN_JOB", "GAE_SERVICE"];
  const isGoogle = useMetadataServer === true && runtimes.some((name) => isSet(name, { env }));
  // Functions have the token only while they serve a request (https://vercel.com/docs/oidc/reference).
  const vercelNames = ["VERCEL", "VERCEL_OIDC_TOKEN"];
  return [
    byVariables(
      "GitHub Actions",
      ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
      () => githubActionsToken(options),
    ),
    {
      title: "GitLab CI/CD",
      sign: gitlabVariable ?? "gitlabVariable isn't given",
      isThere: gitlabVariable !== undefined && isSet(gitlabVariable, { env }),
      make: () => gitlabCiToken({ variable: gitlabVariable!, audience, env }),
    },
    {
      title: "Vercel",
      sign: vercelNames.join(" or "),
      isThere: vercelNames.some((name) => isSet(name, { env })) || Boolean(readRequestToken()),
      make: () => vercelToken({ audience, env }),
    },
    byVariables("Fly.io", ["FLY_MACHINE_ID"], () => flyToken(options)),
    byVariables("Azure", ["AZURE_FEDERATED_TOKEN_FILE"], () => azureToken({ ...options, source: "federated-file" })),
    byVariables("Azure", ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"], () => {
      return azureToken({ ...options, source: "app-service" });
    }),
    byVariables("AWS", [webIdentityFile], () => {
      return makeIdentity(aws, `the file that ${webIdentityFile} names`, () => readWebIdentityFile(audience, { env }));
    }),
    byFile("SPIFFE", spiffePath, "spiffePath", (path) => spiffeToken({ path, audience })),
    byFile("Kubernetes", kubernetesPath, "kubernetesPath", (path) => kubernetesToken({ path, audience })),
    {
      title: "Google Cloud",
      sign: useMetadataServer ? runtimes.join(" or ") : "useMetadataServer isn't set",
      isThere: isGoogle,
      make: () => gcpToken(options),
    },
  ];
}

/**
 * The identity of a pod on Kubernetes: a projected service account token.
 *
 * The pod has a volume, whose token the kubelet replaces when four fifths of its life are over
 * (https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#serviceaccount-token-volume-projection):
 *
 * ```yaml
 * volumes:
 *   - name: tokens
 *     projected:
 *       sources:
 *         - serviceAccountToken: { path: authorization-server, audience: https://auth.example.com }
 * ```
 *
 * @module
 */

import { makeIdentity, type Platform, type WorkloadIdentity } from "./identity.ts";
import { readTokenFile } from "./token_file.ts";

export type { WorkloadIdentity } from "./identity.ts";

/** Options of {@linkcode kubernetesToken}. */
export interface KubernetesTokenOptions {
  /**
   * The token's file: the volume's mount path and the source's `path`. Not
   * `/var/run/secrets/kubernetes.io/serviceaccount/token`, which is for the cluster's own API.
   */
  readonly path: string | URL;
  /** The audience that the token must have; a token for another one is sent nowhere. Default: it isn't checked. */
  readonly audience?: string | undefined;
}

const kubernetes: Platform = {
  name: "kubernetes",
  title: "Kubernetes",
  advice: "Add a projected serviceAccountToken with the server's audience to the pod, and pass its path.",
};

/**
 * Reads a projected service account token, each time from its file. On Deno this needs `--allow-read` for the file.
 *
 * @example
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { kubernetesToken } from "@m2m/authenticator/workload/kubernetes";
 *
 * const identity = kubernetesToken({ path: "/var/run/secrets/tokens/authorization-server" });
 * const clientAuth = clientAssertion(identity);
 * console.log(identity.platform, clientAuth.method); // kubernetes private_key_jwt
 * ```
 *
 * @param options The token's file, and its audience.
 * @returns The identity.
 * @throws {TypeError} If the path is empty.
 */
export function kubernetesToken(options: KubernetesTokenOptions): WorkloadIdentity {
  const read = readTokenFile(kubernetes, options.path, options.audience);
  return makeIdentity(kubernetes, "the file of a projected service account token", read);
}

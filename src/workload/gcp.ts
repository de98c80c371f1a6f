/**
 * The identity of a workload on Google Cloud (Cloud Run, Compute Engine, GKE, Functions): an ID token of its service
 * account, by the metadata server.
 *
 * See https://cloud.google.com/compute/docs/instances/verifying-instance-identity#request_signature and
 * https://cloud.google.com/run/docs/container-contract#metadata-server.
 *
 * @module
 */

import { checkUrl } from "../arguments.ts";
import {
  checkAudience,
  checkJwt,
  createIdentityError,
  makeIdentity,
  type Platform,
  type WorkloadIdentity,
} from "./identity.ts";
import { askPlatform, checkRequestOptions, type PlatformRequestOptions } from "./platform_request.ts";
import { reuseJwt } from "./reused_jwt.ts";

export type { WorkloadIdentity } from "./identity.ts";
export type { PlatformRequestOptions } from "./platform_request.ts";

/** Options of {@linkcode gcpToken}. */
export interface GcpTokenOptions extends PlatformRequestOptions {
  /** The token's `aud`: what the authorization server wants, often its issuer. */
  readonly audience: string;
  /**
   * The service account: its email address, or `default`.
   *
   * @default {"default"}
   */
  readonly serviceAccount?: string | undefined;
  /**
   * With `full` the token names the instance and its project (Compute Engine only).
   *
   * @default {"standard"}
   */
  readonly format?: "standard" | "full" | undefined;
  /**
   * The metadata server.
   *
   * @default {"http://metadata.google.internal"}
   */
  readonly metadataServer?: string | URL | undefined;
}

const gcp: Platform = {
  name: "gcp",
  title: "Google Cloud",
  advice: "Run it on Google Cloud, with a service account.",
};

/**
 * Requests ID tokens of the service account from the metadata server. On Deno this needs
 * `--allow-net=metadata.google.internal`.
 *
 * @example
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { gcpToken } from "@m2m/authenticator/workload/gcp";
 *
 * const identity = gcpToken({ audience: "https://auth.example.com" });
 * const clientAuth = clientAssertion(identity);
 * console.log(identity.platform, clientAuth.method); // gcp private_key_jwt
 * ```
 *
 * @param options The audience, and how the request is sent.
 * @returns The identity.
 * @throws {TypeError} If the audience is empty, or another option can't be used.
 */
export function gcpToken(options: GcpTokenOptions): WorkloadIdentity {
  const { audience, serviceAccount = "default", format = "standard", metadataServer, reuse, ...settings } = options;
  checkAudience(audience);
  checkRequestOptions(settings);
  const server = checkUrl("metadataServer", metadataServer ?? "http://metadata.google.internal");
  const account = encodeURIComponent(serviceAccount);
  const url = new URL(`/computeMetadata/v1/instance/service-accounts/${account}/identity`, server);
  url.search = String(new URLSearchParams({ audience, format }));
  return makeIdentity(
    gcp,
    `an ID token of the service account ${serviceAccount} by ${server.host}`,
    reuseJwt(async () => {
      const { text, headers } = await askPlatform(gcp, url, { headers: { "metadata-flavor": "Google" } }, settings);
      // It marks all of its answers so: another server has none.
      if (headers.get("metadata-flavor") !== "Google") {
        throw createIdentityError(gcp, `${server.host} isn't the metadata server`);
      }
      return checkJwt(gcp, text, audience);
    }, reuse),
  );
}

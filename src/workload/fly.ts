/**
 * The identity of a Machine on Fly.io: an OIDC token by the Machine's own socket.
 *
 * `POST /v1/tokens/oidc` on the Unix socket `/.fly/api` (https://fly.io/docs/security/openid-connect/,
 * https://fly.io/docs/machines/api/tokens-resource/). The token lives for 15 minutes.
 *
 * @module
 */

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
import { hasUnixSockets, socketFetch } from "./unix_socket.ts";

export type { WorkloadIdentity } from "./identity.ts";
export type { PlatformRequestOptions } from "./platform_request.ts";

/** Options of {@linkcode flyToken}. `fetch`, where it is given, replaces the socket. */
export interface FlyTokenOptions extends PlatformRequestOptions {
  /** The token's `aud`: what the authorization server wants, often its issuer. */
  readonly audience: string;
  /**
   * The path of the socket.
   *
   * @default {"/.fly/api"}
   */
  readonly socket?: string | undefined;
}

const fly: Platform = { name: "fly", title: "Fly.io", advice: "Run it on a Machine of Fly.io." };

/**
 * Requests OIDC tokens of the Machine, by its socket, on Node, Deno and Bun. On Deno this needs `--allow-net`,
 * `--allow-read` and `--allow-write` for the socket.
 *
 * @example
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { flyToken } from "@m2m/authenticator/workload/fly";
 *
 * const identity = flyToken({ audience: "https://auth.example.com" });
 * const clientAuth = clientAssertion(identity);
 * console.log(identity.platform, clientAuth.method); // fly private_key_jwt
 * ```
 *
 * @param options The audience, and how the request is sent.
 * @returns The identity.
 * @throws {TypeError} If the audience is empty, or another option can't be used.
 */
export function flyToken(options: FlyTokenOptions): WorkloadIdentity {
  const { audience, socket = "/.fly/api", fetch, timeout, reuse } = options;
  checkAudience(audience);
  checkRequestOptions(options);
  if (typeof socket !== "string" || socket === "") throw new TypeError("socket must be the path of a Unix socket.");
  const url = new URL("http://localhost/v1/tokens/oidc");
  return makeIdentity(
    fly,
    `an OIDC token by the socket ${socket}`,
    reuseJwt(async () => {
      if (fetch === undefined && !hasUnixSockets()) {
        throw createIdentityError(fly, "this runtime has no Unix sockets; pass a fetch that has");
      }
      const init = {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ aud: audience }),
      };
      const settings = { fetch: fetch ?? socketFetch(socket), timeout };
      return checkJwt(fly, (await askPlatform(fly, url, init, settings)).text, audience);
    }, reuse),
  );
}

/**
 * Client authentication with a secret in the request's body.
 *
 * @module
 */

import { checkSecret, type ClientAuth, type ClientSecret, getSecret } from "./client_auth.ts";

/**
 * Authenticates a client by form parameters (`client_secret_post`, RFC 6749 §2.3.1). For servers without HTTP Basic, or
 * those that misread special characters in it.
 *
 * @example
 * ```ts
 * import { clientSecretPost, getToken } from "@m2m/authenticator";
 *
 * const credentials = await getToken("https://auth.example.com/oauth/token", {
 *   clientId: "my-post-client",
 *   clientAuth: clientSecretPost(() => "my-secret"),
 * });
 * console.log(credentials.tokenType);
 * ```
 *
 * @param clientSecret The secret, or a function that looks it up for every attempt.
 * @returns A value for `clientAuth`.
 * @throws {TypeError} If the secret is empty.
 */
export function clientSecretPost(clientSecret: ClientSecret): ClientAuth {
  checkSecret(clientSecret);
  return {
    method: "client_secret_post",
    async authenticate(request) {
      const secret = await getSecret(clientSecret, request);
      request.body.set("client_id", request.clientId);
      request.body.set("client_secret", secret);
    },
  };
}

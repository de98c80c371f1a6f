/**
 * Client authentication with a secret in the `Authorization` header.
 *
 * @module
 */

import {
  type BasicAuthorizationOptions,
  checkBasicEncoding,
  getBasicAuthorizationHeader,
} from "./basic_authorization.ts";
import { checkSecret, type ClientAuth, type ClientSecret, getSecret } from "./client_auth.ts";

/**
 * Authenticates a client by HTTP Basic (`client_secret_basic`, RFC 6749 §2.3.1), as the option `clientSecret` does.
 *
 * @example For a server that doesn't decode id and secret
 * ```ts
 * import { clientSecretBasic, getToken } from "@m2m/authenticator";
 *
 * const credentials = await getToken("https://auth.example.com/oauth/token", {
 *   clientId: "my-client",
 *   clientAuth: clientSecretBasic("my-secret", { encoding: "raw" }),
 * });
 * console.log(credentials.tokenType);
 * ```
 *
 * @param clientSecret The secret, or a function that looks it up for every attempt.
 * @param options How id and secret are encoded.
 * @returns A value for `clientAuth`.
 * @throws {TypeError} If the secret is empty, or the encoding is neither `"form"` nor `"raw"`.
 */
export function clientSecretBasic(clientSecret: ClientSecret, options: BasicAuthorizationOptions = {}): ClientAuth {
  const { encoding = "form" } = options;
  checkSecret(clientSecret);
  checkBasicEncoding(encoding);
  return {
    method: "client_secret_basic",
    async authenticate(request) {
      const secret = await getSecret(clientSecret, request);
      const header = getBasicAuthorizationHeader(request.clientId, secret, { encoding });
      request.redact(header.slice("Basic ".length));
      request.headers.set("authorization", header);
    },
  };
}

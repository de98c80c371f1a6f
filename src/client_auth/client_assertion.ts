/**
 * Client authentication by an assertion that a platform signs for its workloads (workload identity federation): there is
 * no secret to keep.
 *
 * @module
 */

import { jwtBearer, putAssertion, readAssertion } from "./assertion_parameters.ts";
import type { ClientAuth } from "./client_auth.ts";

/** Options of {@linkcode clientAssertion}. */
export interface ClientAssertionOptions {
  /**
   * Sets the assertion's type (RFC 7521 §4.2).
   *
   * @default {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
   */
  readonly assertionType?: string | undefined;
  /**
   * Names the method as servers do in `token_endpoint_auth_methods_supported`.
   *
   * @default {"private_key_jwt"}
   */
  readonly method?: string | undefined;
}

/**
 * Authenticates a client by the platform's assertion (RFC 7521 §4.2, RFC 7523 §2.2). The function is called
 * for every attempt, retries included: such assertions are short-lived, and many servers accept each only once. White
 * space around an assertion is removed.
 *
 * After `invalid_client` the function is called again, and its assertion is sent, once, if it is another proof. The same
 * proof isn't sent again during the `cooldown`, so that refused logins don't lock the client out. Two JWTs are the same
 * proof if `iss`, `sub`, `aud`, `kid` and `alg` are equal, and both or neither have expired: an expired one is replaced at
 * once, one refused for another reason (a reused `jti`, say) after the `cooldown`. Assertions that can't be read, such
 * as encrypted ones, all count as the same proof.
 *
 * @example In GitHub Actions, in a job with `permissions: { id-token: write }`; `./workload/…` has other platforms
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { githubActionsToken } from "@m2m/authenticator/workload/github-actions";
 *
 * const clientAuth = clientAssertion(githubActionsToken({ audience: "https://auth.example.com" }));
 * console.log(clientAuth.method); // private_key_jwt
 * ```
 *
 * @example With SPIFFE, or any other source
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 *
 * const workloadApi = { fetchJwtSvid: (_audience: string) => Promise.resolve("eyJhbGciOiJFUzI1NiJ9.e30.c2ln") };
 * const clientAuth = clientAssertion(
 *   () => workloadApi.fetchJwtSvid("https://auth.example.com"),
 *   { assertionType: "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe", method: "spiffe_jwt" },
 * );
 * console.log(clientAuth.method); // spiffe_jwt
 * ```
 *
 * @param provider Returns the assertion.
 * @param options The assertion's type and method.
 * @returns A value for `clientAuth`. Requests fail with an `AuthenticationError` with the code
 * `client_auth_unavailable` if the function returns no assertion, or throws; its error is the `cause`.
 * @throws {TypeError} If the provider isn't a function, or the type or method is empty.
 */
export function clientAssertion(
  provider: () => string | Promise<string>,
  options: ClientAssertionOptions = {},
): ClientAuth {
  const { assertionType = jwtBearer, method = "private_key_jwt" } = options;
  if (typeof provider !== "function") {
    throw new TypeError("The assertion must be given by a function: servers accept each only once.");
  }
  for (const [name, value] of Object.entries({ assertionType, method })) {
    if (typeof value !== "string" || value === "") throw new TypeError(`${name} must be a string that is not empty.`);
  }
  const isJwt = /:jwt(-|$)/.test(assertionType);
  return {
    method,
    advice: "Check that the assertion is the client's, hasn't expired, and has the aud that the server wants.",
    async authenticate(request) {
      const assertion = readAssertion(await provider(), { name: "client assertion", isJwt });
      putAssertion(request, assertion, assertionType);
      const credential = isJwt ? identifyAssertion(assertion) : undefined;
      if (credential !== undefined) request.credential = credential;
    },
  };
}

/**
 * Tells one proof from another. Claims that differ each time one is signed (`jti`, `iat`, `exp`) are left out: a
 * rejection would never be remembered.
 */
function identifyAssertion(assertion: string): string | undefined {
  try {
    const [header, payload] = assertion.split(".", 2).map((part) =>
      JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")))
    );
    const { iss, sub, aud, exp } = payload;
    return JSON.stringify([header.alg, header.kid, iss, sub, aud, exp * 1_000 <= Date.now()]);
  } catch {
    return undefined;
  }
}

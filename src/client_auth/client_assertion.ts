/**
 * Client authentication by an assertion that somebody else has signed: a platform that vouches for the workload
 * running on it, so that there is no secret to keep (workload identity federation).
 *
 * @module
 */

import { jwtBearer, putAssertion, readAssertion } from "./assertion_parameters.ts";
import type { ClientAuth } from "./client_auth.ts";

/** Settings of {@linkcode clientAssertion}. */
export interface ClientAssertionOptions {
  /**
   * The assertion's type (RFC 7521 §4.2). Default:
   * `"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"` (RFC 7523 §2.2).
   */
  readonly assertionType?: string | undefined;
  /**
   * What servers call this way of proving oneself where they say which ones they take. Default: `"private_key_jwt"`,
   * for to the server it is one, whoever holds the key.
   */
  readonly method?: string | undefined;
}

/**
 * Client authentication by a ready assertion (RFC 7521 §4.2, RFC 7523 §2.2): one that a platform makes for the
 * workload that runs on it. The function is asked for every attempt, a repeated one included, for such assertions
 * live briefly, and many servers take each but once. White space around an assertion is taken off.
 *
 * If the server answers `invalid_client`, the function is asked once more, and what it gives then is sent, once, if it
 * is another proof; the same proof isn't sent again during the `cooldown`. Two JWTs are the same proof if `iss`, `sub`,
 * `aud`, `kid` and `alg` are alike, and both have expired, or neither: a platform that signs anew each time would
 * otherwise send one refused assertion after the other, until the server locks the client out. So one that was refused
 * for its age is replaced at once, and one that was refused for something else (a `jti` used before, say) after the
 * `cooldown`. Of other assertions, encrypted ones too, nothing is known: all of them are taken for the same proof.
 *
 * @example On Kubernetes, with a projected service account token
 * ```ts ignore
 * // Not run: it needs a pod.
 * import { readFile } from "node:fs/promises"; // or: () => Deno.readTextFile(path)
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 *
 * // The kubelet replaces the file in time: it is read again each time.
 * const path = "/var/run/secrets/tokens/authorization-server";
 * export const clientAuth = clientAssertion(() => readFile(path, "utf8"));
 * ```
 *
 * @example In GitHub Actions, in a job with `permissions: { id-token: write }`
 * ```ts ignore
 * // Not run: it needs a workflow.
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { env } from "node:process";
 *
 * export const clientAuth = clientAssertion(async () => {
 *   const url = new URL(env.ACTIONS_ID_TOKEN_REQUEST_URL!);
 *   url.searchParams.set("audience", "https://auth.example.com");
 *   const headers = { authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` };
 *   const response = await fetch(url, { headers });
 *   if (!response.ok) throw new Error(`GitHub gives no token: ${response.status}`);
 *   return (await response.json()).value;
 * });
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
 * @param provider Gives the assertion.
 * @param options The assertion's type and method.
 * @returns A value for `clientAuth`. It throws an `AuthenticationError` with the code `client_auth_unavailable` if the
 * function gives no assertion; what the function itself throws is the error's `cause`.
 * @throws {TypeError} If the provider is no function, or the type or method is empty.
 */
export function clientAssertion(
  provider: () => string | Promise<string>,
  options: ClientAssertionOptions = {},
): ClientAuth {
  const { assertionType = jwtBearer, method = "private_key_jwt" } = options;
  if (typeof provider !== "function") {
    throw new TypeError("The assertion must be given by a function: one lives too briefly to be used twice.");
  }
  for (const [name, value] of Object.entries({ assertionType, method })) {
    if (typeof value !== "string" || value === "") throw new TypeError(`${name} must be a string that is not empty.`);
  }
  // What isn't known to be a JWT may look like anything.
  const isJwt = /:jwt(-|$)/.test(assertionType);
  return {
    method,
    async authenticate(request) {
      const assertion = readAssertion(await provider(), { name: "client assertion", isJwt });
      putAssertion(request, assertion, assertionType);
      const credential = isJwt ? credentialOf(assertion) : undefined;
      if (credential !== undefined) request.credential = credential;
    },
  };
}

/**
 * What makes another proof of it. Not what changes whenever one is signed (`jti`, `iat`, `exp`, whatever the platform
 * adds): a refusal would never be remembered.
 */
function credentialOf(assertion: string): string | undefined {
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

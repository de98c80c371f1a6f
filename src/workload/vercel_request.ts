/**
 * The request that is being served, on Vercel.
 *
 * @module
 */

/** The header with the deployment's token. */
export const vercelHeader = "x-vercel-oidc-token";

/** The request's token, where Vercel's runtime holds the headers: `@vercel/oidc` 3 reads it there. */
export function readRequestToken(): unknown {
  const context = Reflect.get(globalThis, Symbol.for("@vercel/request-context"));
  const headers = context?.get?.()?.headers;
  return typeof headers?.get === "function" ? headers.get(vercelHeader) : headers?.[vercelHeader];
}

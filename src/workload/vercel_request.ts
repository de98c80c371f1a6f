/**
 * The request that is being served, on Vercel.
 *
 * @module
 */

/** The header with the deployment's token. */
export const vercelHeader = "x-vercel-oidc-token";

/** The request's headers, where Vercel's runtime holds them: `@vercel/oidc` 3 reads them there. */
export function readRequestHeaders(): Headers | undefined {
  const context = Reflect.get(globalThis, Symbol.for("@vercel/request-context"));
  const headers = context?.get?.()?.headers;
  return headers && new Headers(headers);
}

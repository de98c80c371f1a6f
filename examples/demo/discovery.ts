/**
 * Finds a token endpoint in the metadata an authorization server publishes (RFC 8414, OpenID Connect Discovery).
 *
 * @module
 */

import { reason } from "./reason.ts";

/** How long a server may take to answer, in milliseconds. */
const timeout = 10_000;

/** Throws an `Error` that says what to do where no such metadata can be had. */
export async function discoverTokenEndpoint(issuer: URL): Promise<string> {
  const failures: string[] = [];
  for (const url of wellKnown(issuer)) {
    const metadata = await fetchMetadata(url);
    if (typeof metadata === "string") {
      failures.push(`  ${url}: ${metadata}`);
      continue;
    }
    const { issuer: named, token_endpoint: tokenEndpoint } = metadata;
    // A document that speaks for another issuer could send the secret anywhere (RFC 8414 §3.3).
    if (typeof named !== "string" || trimmed(named) !== trimmed(issuer.href)) {
      failures.push(`  ${url}: speaks for the issuer ${JSON.stringify(named)}; if that is yours, give it so`);
      continue;
    }
    if (typeof tokenEndpoint === "string" && URL.canParse(tokenEndpoint)) return tokenEndpoint;
    failures.push(`  ${url}: names no token_endpoint that is a whole URL`);
  }
  throw new Error(
    `Cannot find the token endpoint of ${issuer.href}:\n${failures.join("\n")}\n` +
      "Check --issuer, or name the endpoint itself with --token-endpoint URL.",
  );
}

/** Where the metadata may be. For an issuer with a path, RFC 8414 puts it last and OpenID Connect first. */
function wellKnown(issuer: URL): string[] {
  const path = issuer.pathname.replace(/\/$/, "");
  return [
    `${issuer.origin}/.well-known/oauth-authorization-server${path}`,
    `${issuer.origin}${path}/.well-known/openid-configuration`,
  ];
}

/** The metadata, or in words why there is none. */
async function fetchMetadata(url: string): Promise<Record<string, unknown> | string> {
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(timeout),
    });
    if (response.ok) return Object(await response.json());
    await response.body?.cancel();
    return `answered ${response.status}`;
  } catch (error) {
    if (error instanceof SyntaxError) return "answered something other than JSON";
    return reason(error);
  }
}

/** Issuers differ in a last slash from what their users write. */
function trimmed(issuer: string): string {
  return issuer.replace(/\/$/, "");
}

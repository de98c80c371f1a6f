/** Finds a token endpoint in an authorization server's metadata (RFC 8414, OpenID Connect Discovery). @module */

import { reason } from "./reason.ts";

/** For a server's answer, in milliseconds. */
const timeout = 10_000;

/** Finds it; the error of a failure lists what was tried, and what to do. */
export async function discoverTokenEndpoint(issuer: URL): Promise<string> {
  const failures: string[] = [];
  for (const url of wellKnown(issuer)) {
    const metadata = await fetchMetadata(url);
    if (typeof metadata === "string") {
      failures.push(`  ${url}: ${metadata}`);
      continue;
    }
    const { issuer: named, token_endpoint: tokenEndpoint } = metadata;
    // The metadata of another issuer could send the secret anywhere (RFC 8414 §3.3).
    if (typeof named !== "string" || trim(named) !== trim(issuer.href)) {
      failures.push(`  ${url}: has the issuer ${JSON.stringify(named)}; if that is yours, pass it to --issuer`);
      continue;
    }
    if (typeof tokenEndpoint === "string" && URL.canParse(tokenEndpoint)) return tokenEndpoint;
    failures.push(`  ${url}: has no token_endpoint that is an absolute URL`);
  }
  throw new Error(
    `Cannot find the token endpoint of ${issuer.href}:\n${failures.join("\n")}\n` +
      "Check --issuer, or pass --token-endpoint URL.",
  );
}

/** The metadata's URLs. RFC 8414 puts the issuer's path last, and OpenID Connect puts it first. */
function wellKnown(issuer: URL): string[] {
  const path = issuer.pathname.replace(/\/$/, "");
  return [
    `${issuer.origin}/.well-known/oauth-authorization-server${path}`,
    `${issuer.origin}${path}/.well-known/openid-configuration`,
  ];
}

/** The metadata, or the reason why there is none. */
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

/** A user may write an issuer with another final slash than it has. */
function trim(issuer: string): string {
  return issuer.replace(/\/$/, "");
}

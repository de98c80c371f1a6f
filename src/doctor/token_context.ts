/**
 * Gathers what a token is compared with.
 *
 * @module
 */

import { parseJsonObject } from "../http/json.ts";
import { parseExpiresIn } from "../token_endpoint/lifetime.ts";
import type { Examination } from "./examination.ts";
import { measureHeader } from "./header_limits.ts";
import { readJwt } from "../jwt/read_jwt.ts";
import { findApiUrl } from "./targets.ts";
import type { TokenContext } from "./token_doubts.ts";

/** Gathers it for the token that was issued. */
export async function readTokenContext(examination: Examination): Promise<TokenContext> {
  const { options: given, facts: { issued, settings, metadata, working } } = examination;
  const options = { ...given, ...working };
  const { credentials, exchanges } = issued!;
  const { audience = settings?.audience, resource = settings?.resource, dpop } = options;
  const last = exchanges.at(-1);
  const { headerKey = settings?.headerKey ?? "authorization" } = options;
  const date = Date.parse(last?.headers.get("date") ?? "");
  return {
    jwt: readJwt(credentials.accessToken),
    tokenType: credentials.tokenType,
    expiresIn: parseExpiresIn(parseJsonObject(last?.text ?? "")?.expires_in),
    serverTime: Number.isNaN(date) ? last?.receivedAt ?? Date.now() : date,
    headerLength: measureHeader(headerKey, credentials.tokenType, credentials.accessToken),
    issuer: settings?.issuer ?? metadata?.issuer,
    endpoint: findApiUrl(examination) ?? new URL(options.endpoint),
    targets: [...audience ? [audience] : [], ...[resource ?? []].flat().map(String)],
    hasDpop: dpop !== undefined,
    jkt: await dpop?.thumbprint?.().catch(() => undefined),
    // A transport of the caller's may have one.
    hasCertificate: options.clientCertificate !== undefined || options.fetch !== undefined,
  };
}

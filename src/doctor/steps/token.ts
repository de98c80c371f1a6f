/**
 * The token.
 *
 * @module
 */

import { formatDuration } from "../durations.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { measureHeader } from "../header_limits.ts";
import { parseExpiresIn } from "../../token_endpoint/lifetime.ts";
import { parseJsonObject } from "../../http/json.ts";
import { readJwt, readTexts } from "../read_jwt.ts";
import { findApiUrl } from "../targets.ts";
import { listTokenDoubts, type TokenContext, type TokenDoubt } from "../token_doubts.ts";

/** Looks at the token itself: its type, lifetime, issuer, audience, binding and size. */
export const token: Step = {
  name: "token",
  needs: ["token"],
  async run(examination) {
    const context = await readTokenContext(examination);
    const { jwt, expiresIn, tokenType, headerLength } = context;
    const doubts = (await findTokenDoubts(examination, context)).filter(({ isWeak }) => !isWeak);
    const { typ = "no typ", alg } = jwt?.header ?? {};
    const kind = jwt ? `a JWT (${typ}, ${alg})` : "opaque";
    const { credentials, exchanges } = examination.facts.issued!;
    const lifetime = expiresIn !== undefined
      ? `lives for ${formatDuration(expiresIn)}`
      : credentials.expiresAt !== undefined
      ? `lives for ${formatDuration(credentials.expiresAt - (exchanges.at(-1)?.receivedAt ?? 0))} (no expires_in)`
      : `has no known lifetime (${examination.nameOption("defaultLifetime")} counts)`;
    const has = (name: string) => doubts.some((doubt) => doubt.name === name);
    const audiences = readTexts(jwt?.claims.aud).slice(0, 5).join(", ");
    const facts = [
      `${tokenType}, ${kind}, ${credentials.accessToken.length.toLocaleString("en")} characters; it ${lifetime}`,
      ...jwt && !has("token issuer") ? [`issuer ${jwt.claims.iss}`] : [],
      ...audiences && !has("token audience") ? [`audience ${audiences}`] : [],
    ];
    const named = ["token lifetime", "token issuer", "token audience", "token size"].filter((name) => !has(name));
    const findings: Finding[] = [{ name: "token", status: "passed", seen: `${facts.join("; ")}.` }];
    if (headerLength > 4_096 && named.includes("token size")) {
      const seen = `Its header takes ${headerLength.toLocaleString("en")} bytes: half of what nginx and Apache take.`;
      findings.push({ name: "token size", status: "passed", seen });
    }
    findings.push(...doubts.map(({ isWeak: _, ...doubt }) => ({ status: "warned", ...doubt } as const)));
    return findings;
  },
};

/** The doubts about the token that was issued. */
export async function findTokenDoubts(examination: Examination, context?: TokenContext): Promise<TokenDoubt[]> {
  return listTokenDoubts(context ?? await readTokenContext(examination), (option) => examination.nameOption(option));
}

async function readTokenContext(examination: Examination): Promise<TokenContext> {
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

/**
 * The token.
 *
 * @module
 */

import { formatDuration } from "../durations.ts";
import type { Finding, Step } from "../examination.ts";
import { readTexts } from "../../jwt/read_jwt.ts";
import { readTokenContext } from "../token_context.ts";
import { listTokenDoubts } from "../token_doubts.ts";

/** Looks at the token itself: its type, lifetime, issuer, audience, binding and size. */
export const token: Step = {
  name: "token",
  needs: ["token"],
  async run(examination) {
    const context = await readTokenContext(examination);
    const { jwt, expiresIn, tokenType, headerLength } = context;
    const doubts = listTokenDoubts(context, examination.nameOption).filter(({ isWeak }) => !isWeak);
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

/**
 * Looks at what a token says of itself, and compares it with what it is for.
 *
 * @module
 */

import { formatUrl } from "../token_endpoint/exchange.ts";
import type { DiagnosisCode } from "./codes.ts";
import { formatDuration } from "./durations.ts";
import { listGatewaysBeyond } from "./header_limits.ts";
import { certificateValue, nameSetting } from "./name_setting.ts";
import { type ReadJwt, readMoment, readTexts } from "../jwt/read_jwt.ts";

/** A token, and what it is for. Times in milliseconds. */
export interface TokenContext {
  readonly jwt: ReadJwt | undefined;
  readonly tokenType: string;
  /** `expires_in`, in milliseconds; `undefined` where the server didn't say. */
  readonly expiresIn: number | undefined;
  /** The server's time when it answered; this machine's where there was no `Date`. */
  readonly serverTime: number;
  /** The length of the header line that carries it. */
  readonly headerLength: number;
  /** The settings' issuer. */
  readonly issuer: string | undefined;
  readonly endpoint: URL;
  /** `audience` and `resource` as asked for. */
  readonly targets: readonly string[];
  /** What the client can prove. */
  readonly hasDpop: boolean;
  readonly jkt: string | undefined;
  readonly hasCertificate: boolean;
}

/** Something about a token that may be why an API rejects it. */
export interface TokenDoubt {
  readonly code: DiagnosisCode;
  /** What was looked at. */
  readonly name: string;
  readonly seen: string;
  readonly change: string;
  /** Whether it is worth a word only where the API rejects the token. */
  readonly isWeak?: boolean | undefined;
}

/** A lifetime and `exp` that differ by no more say the same, in milliseconds. */
const tolerance = 5_000;
const shortest = 60_000;

/** Lists the doubts. `nameOption` names options in advice. */
export function listTokenDoubts(context: TokenContext, nameOption: (option: string) => string): TokenDoubt[] {
  return [
    ...doubtLifetime(context),
    ...doubtTime(context),
    ...doubtIssuer(context),
    ...doubtAudience(context, nameOption),
    ...doubtBinding(context, nameOption),
    ...doubtLength(context, nameOption),
  ];
}

function doubtLifetime({ jwt, expiresIn, serverTime }: TokenContext): TokenDoubt[] {
  const name = "token lifetime";
  const exp = jwt && readMoment(jwt, "exp");
  const own = exp === undefined ? undefined : exp - serverTime;
  const doubts: TokenDoubt[] = [];
  const differs = own !== undefined && expiresIn !== undefined && Math.abs(own - expiresIn) > tolerance;
  if (differs) {
    const ends = own > 0 ? `ends after ${formatDuration(own)}` : `ended ${formatDuration(-own)} ago`;
    doubts.push({
      code: "lifetime_mismatch",
      name,
      seen: `expires_in says ${formatDuration(expiresIn)}, and the token's own exp ${ends}, by the server's clock.`,
      change: own > 0
        ? "The authenticator goes by the earlier of both; have the server make them the same."
        : "APIs reject such a token: have the server's clock, or what it caches tokens in, corrected.",
    });
  }
  // A `Date` has whole seconds: `expires_in` is more exact.
  const lifetime = differs ? Math.min(own, expiresIn) : expiresIn ?? own ?? Infinity;
  if (lifetime < shortest && !(own !== undefined && own < 0)) {
    doubts.push({
      code: "lifetime_short",
      name,
      seen: `The token lives for ${formatDuration(lifetime)} only.`,
      change: "Have the server issue tokens that live for 5 minutes or more: each call may need a new one otherwise.",
    });
  }
  return doubts;
}

function doubtTime({ jwt, serverTime }: TokenContext): TokenDoubt[] {
  const times = ["nbf", "iat"].map((claim) => [claim, (jwt && readMoment(jwt, claim) || 0) - serverTime] as const);
  const [claim, ahead] = times.find(([, ahead]) => ahead > tolerance) ?? [];
  if (claim === undefined || ahead === undefined) return [];
  return [{
    code: "lifetime_mismatch",
    name: "token lifetime",
    seen: `The token's ${claim} is ${
      formatDuration(ahead)
    } after the time by the server's Date: APIs may reject it until then.`,
    change: "Have the clock of the authorization server, or of its gateway, synchronized.",
  }];
}

function doubtIssuer({ jwt, issuer }: TokenContext): TokenDoubt[] {
  const { iss } = jwt?.claims ?? {};
  if (typeof iss !== "string" || issuer === undefined || iss === issuer) return [];
  return [{
    code: "issuer_unexpected",
    name: "token issuer",
    seen: `The token's issuer is ${iss}; the settings, or the server's metadata, say ${issuer}.`,
    change:
      "Check which of them the API trusts: another version, tenant or name of the server needs another token endpoint.",
  }];
}

function doubtAudience(
  { jwt, endpoint, targets }: TokenContext,
  nameOption: (option: string) => string,
): TokenDoubt[] {
  if (!jwt) return [];
  const audiences = readTexts(jwt.claims.aud);
  const has = (target: string) => audiences.some((aud) => isSame(aud, target));
  const isForApi = audiences.some((aud) => isParent(aud, endpoint));
  const missing = targets.filter((target) => !has(target));
  const place = formatUrl(endpoint);
  // APIs compare letter by letter: a slash at the end counts, and so does a path.
  const isExact = audiences.some((aud) => aud === endpoint.origin || aud === place);
  const isDoubtful = missing.length > 0 || isForApi && !isExact || !isForApi && !targets.some(has) ||
    targets.some(isForeign(endpoint)) && !isForApi;
  if (!isDoubtful) return [];
  const asked = targets.length > 0 && missing.length === 0
    ? ", as asked for"
    : targets.length > 0
    ? `; ${targets.join(", ")} ${targets.length > 1 ? "were" : "was"} asked for`
    : "";
  return [{
    code: "audience_mismatch",
    name: "token audience",
    isWeak: missing.length === 0,
    seen: `The token's audience is ${
      audiences.length > 0 ? audiences.slice(0, 5).join(", ") : "not named"
    }${asked}; the API is ${place}.`,
    change: `Set ${nameOption("audience")} ${targets.length > 1 ? "and" : "or"} ${
      nameOption("resource")
    } to what the API expects in aud, to the letter: ${endpoint.origin} perhaps.`,
  }];
}

/** Whether a target is a URL elsewhere: what is no URL may well be the API's name. */
function isForeign(endpoint: URL): (target: string) => boolean {
  return (target) => /^https?:/.test(target) && !isParent(target, endpoint);
}

function isSame(a: string, b: string): boolean {
  return a.replace(/\/$/, "") === b.replace(/\/$/, "");
}

/** Whether an audience is the API's URL, or a parent path of it. */
function isParent(audience: string, { href, origin }: URL): boolean {
  const base = audience.replace(/\/*$/, "/");
  return URL.canParse(audience) && new URL(audience).origin === origin &&
    `${href.replace(/[?#].*/, "")}/`.startsWith(base);
}

function doubtBinding(
  { jwt, tokenType, hasDpop, jkt, hasCertificate }: TokenContext,
  nameOption: (option: string) => string,
): TokenDoubt[] {
  const { jkt: bound, "x5t#S256": thumbprint } = Object(jwt?.claims.cnf);
  const name = "token binding";
  if (bound !== undefined && (!hasDpop || jkt !== undefined && bound !== jkt)) {
    return [{
      code: hasDpop ? "dpop_rejected" : "dpop_required",
      name,
      seen: `The token is bound to ${
        hasDpop ? "another DPoP key than the one in use" : "a DPoP key, and none is in use"
      }.`,
      change: `Set ${nameOption("dpop")} with the key that the token request was made with.`,
    }];
  }
  if (hasDpop && jwt && bound === undefined && tokenType.toLowerCase() === "dpop") {
    return [{
      code: "dpop_rejected",
      name,
      seen: "The token has the type DPoP, but no cnf.jkt that binds it to a key.",
      change: "Have the server bind the tokens of this client (RFC 9449 §6), or check that the API introspects them.",
    }];
  }
  if (thumbprint !== undefined && !hasCertificate) {
    return [{
      code: "client_certificate_required",
      name,
      seen: "The token is bound to a client certificate, and none is set for calls of the API.",
      change: `Set ${nameSetting(nameOption, "clientCertificate", certificateValue)}.`,
    }];
  }
  return [];
}

function doubtLength({ headerLength }: TokenContext, nameOption: (option: string) => string): TokenDoubt[] {
  const gateways = listGatewaysBeyond(headerLength);
  if (gateways.length === 0) return [];
  return [{
    code: "token_too_long",
    name: "token size",
    seen: `The token makes a header of ${headerLength.toLocaleString("en")} bytes, more than the default of ${
      gateways.join(", ")
    }.`,
    change:
      `Ask for fewer ${
        nameOption("scopes")
      }, have the server put fewer claims (groups, roles) into the token, or raise ` +
      "the gateway's limit (nginx: large_client_header_buffers).",
  }];
}

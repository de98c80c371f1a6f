/**
 * `m2m inspect`: shows what a token says.
 *
 * @module
 */

import { fstatSync } from "node:fs";
import { formatDuration } from "../../doctor/durations.ts";
import { listGatewaysBeyond, measureHeader } from "../../doctor/header_limits.ts";
import { readJwt, readMoment, readTexts } from "../../jwt/read_jwt.ts";
import { createStyle } from "../../doctor/style.ts";
import { obtainToken } from "../client/obtain_token.ts";
import { exitCodes } from "../exit_codes.ts";
import type { Invocation } from "../invocation.ts";
import { readText } from "../settings/read_settings.ts";
import { showProgress } from "../terminal/progress.ts";
import { UsageError } from "../usage_error.ts";
import { escapeControls } from "./print_token.ts";

/** A token, and what is known besides. */
interface InspectedToken {
  readonly token: string;
  readonly headerKey?: string;
  readonly tokenType?: string;
  readonly expiresAt?: number | undefined;
  readonly scope?: string | undefined;
}

/** Runs the command. */
export async function runInspect(invocation: Invocation): Promise<number> {
  const { values, terminal } = invocation;
  const inspected = await findToken(invocation);
  const report = describeToken(inspected);
  if (values["json"]) {
    await terminal.writeOutput(`${escapeControls(JSON.stringify(report, null, 2))}\n`);
    return exitCodes.fine;
  }
  const style = createStyle(terminal.hasColor("output"));
  const lines = listFacts(report).map(([name, fact]) => `${style.bold(name.padEnd(12))}${clean(fact)}`);
  for (const [title, part] of [["Header", report.header], ["Claims", report.claims]] as const) {
    if (part) lines.push("", style.bold(title), clean(JSON.stringify(part, null, 2)));
  }
  await terminal.writeOutput(`${lines.join("\n")}\n`);
  return exitCodes.fine;
}

async function findToken(invocation: Invocation): Promise<InspectedToken> {
  const { values, positionals: [given, ...more], terminal } = invocation;
  if (more.length > 0 || given !== undefined && given !== "-") {
    throw new UsageError(
      "inspect takes no token as an argument, where other users see it: pass it on stdin, by m2m inspect -",
    );
  }
  const path = values["token-file"];
  if (typeof path === "string") {
    const text = readText(path, "--token-file");
    if (text === undefined) throw new UsageError("--token-file names no file that is there.");
    return { token: readToken(text) };
  }
  if (given === "-" || isPiped()) {
    const progress = showProgress(terminal, "Reading a token from stdin");
    const text = new TextDecoder().decode(await terminal.readInput());
    progress[Symbol.dispose]();
    if (given === "-" || text.trim() !== "") return { token: readToken(text) };
  }
  const { credentials: { accessToken: token, tokenType, expiresAt, scope }, headerKey } = await obtainToken(invocation);
  return { token, headerKey, tokenType, expiresAt, scope };
}

/** Takes a bare token, a header, and the output of `token --json`. */
function readToken(text: string): string {
  const [, fromJson] = /"access_token"\s*:\s*"([^"]+)"/.exec(text) ?? [];
  const token = fromJson ?? text.trim().replace(/^[\w-]+:\s*/, "").replace(/^(Bearer|DPoP)\s+/i, "");
  if (!/^[!-~]+$/.test(token)) {
    throw new UsageError("This is no token: it must be visible ASCII characters (RFC 6749 A.12).");
  }
  return token;
}

/** A pipe or a file, not a terminal nor /dev/null. */
function isPiped(): boolean {
  try {
    const stats = fstatSync(0);
    return stats.isFIFO() || stats.isFile();
  } catch {
    return false;
  }
}

/** What is known of a token, for programs. */
interface TokenReport {
  readonly kind: "jwt" | "opaque";
  readonly issuer?: unknown;
  readonly subject?: unknown;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  readonly issued_at?: string;
  readonly expires_at?: string;
  /** In seconds. */
  readonly lifetime?: number;
  readonly expires_in?: number;
  readonly characters: number;
  /** The length of the header line, in bytes, and what takes no such line by default. */
  readonly header_bytes: number;
  readonly too_long_for: readonly string[];
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

function describeToken(inspected: InspectedToken): TokenReport {
  const { token, headerKey = "authorization", tokenType = "Bearer", scope } = inspected;
  const jwt = readJwt(token);
  const [issuedAt, exp] = jwt ? [readMoment(jwt, "iat"), readMoment(jwt, "exp")] : [];
  const expiresAt = exp ?? inspected.expiresAt;
  const headerBytes = measureHeader(headerKey, tokenType, token);
  const { iss, sub, aud, scope: claimed, scp, permissions } = jwt?.claims ?? {};
  const scopes = [claimed, scp, permissions].map((value) => readTexts(value, " ")).find(({ length }) => length > 0);
  return {
    kind: jwt ? "jwt" : "opaque",
    ...iss !== undefined && { issuer: iss },
    ...sub !== undefined && { subject: sub },
    audience: readTexts(aud),
    scopes: scopes ?? readTexts(scope, " "),
    ...issuedAt !== undefined && { issued_at: formatMoment(issuedAt) },
    ...expiresAt !== undefined && {
      expires_at: formatMoment(expiresAt),
      ...issuedAt !== undefined && { lifetime: Math.round((expiresAt - issuedAt) / 1_000) },
      expires_in: Math.floor((expiresAt - Date.now()) / 1_000),
    },
    characters: token.length,
    header_bytes: headerBytes,
    too_long_for: listGatewaysBeyond(headerBytes),
    ...jwt && { header: jwt.header, claims: jwt.claims },
  };
}

function formatMoment(moment: number): string {
  const date = new Date(moment);
  // A token may say anything.
  return Number.isNaN(date.getTime()) ? "never" : date.toISOString();
}

function listFacts(report: TokenReport): readonly (readonly [name: string, fact: string])[] {
  const { kind, issuer, subject, audience, scopes, lifetime, expires_in: expiresIn, too_long_for: beyond } = report;
  const ends = expiresIn === undefined
    ? "unknown: neither the token nor the server says"
    : report.expires_at === "never"
    ? "never ends, by what the token says"
    : (expiresIn > 0
      ? `ends in ${formatDuration(expiresIn * 1_000)}`
      : `ended ${formatDuration(-expiresIn * 1_000)} ago`) +
      ` (${report.expires_at})${lifetime === undefined ? "" : `, of ${formatDuration(lifetime * 1_000)}`}`;
  const size = `${report.characters.toLocaleString("en")} characters; the header takes ${
    report.header_bytes.toLocaleString("en")
  } bytes`;
  return [
    ["Kind", kind === "jwt" ? "JWT; its signature isn't verified here" : "opaque: only its server knows what it says"],
    ...issuer === undefined ? [] : [["Issuer", String(issuer)] as const],
    ...subject === undefined ? [] : [["Subject", String(subject)] as const],
    ...audience.length ? [["Audience", audience.join(", ")] as const] : [],
    ...scopes.length ? [["Scopes", scopes.join(" ")] as const] : [],
    ["Lifetime", ends],
    [
      "Size",
      `${size}, ${beyond.length ? `too long by default for ${beyond.join(", ")}` : "which all usual gateways take"}`,
    ],
  ];
}

/** Claims are the server's words, and no escape sequences for this terminal. */
function clean(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]|\p{Bidi_Control}/gu, "?");
}

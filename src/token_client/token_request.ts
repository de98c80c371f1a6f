/**
 * Builds a token request (RFC 6749 §4.4.2).
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { formEncode } from "../client_auth/basic_authorization.ts";
import type { ClientAuth, TokenRequest } from "../client_auth/client_auth.ts";
import { AuthenticationError } from "../errors.ts";

/** What a token is asked for with. */
export interface TokenRequestParameters {
  tokenEndpoint: URL;
  issuer?: string | undefined;
  clientId: string;
  clientAuth: ClientAuth;
  grantType: string;
  scopes?: readonly string[] | undefined;
  audience?: string | undefined;
  deviceCode?: string | undefined;
  refreshToken?: string | undefined;
  signal: AbortSignal;
}

/** A token request, and what it takes to show a text that may quote from it. */
export interface BuiltTokenRequest extends TokenRequest {
  /** Makes somebody else's text fit to be shown: without what is secret in this request, printable, and short. */
  readonly clean: (text: string) => string;
  /** What is asked for, and by whom: all of the request but the proof. */
  readonly asked: string;
}

/** The request, client authentication included. What has no value isn't sent: an empty `scope` is refused by many. */
export async function buildTokenRequest(parameters: TokenRequestParameters): Promise<BuiltTokenRequest> {
  const { tokenEndpoint, issuer, clientId, clientAuth, signal, scopes, audience, deviceCode, refreshToken } =
    parameters;
  const body = new URLSearchParams({ grant_type: parameters.grantType });
  if (scopes?.length) body.set("scope", scopes.join(" "));
  if (audience) body.set("audience", audience);
  if (deviceCode) body.set("device_code", deviceCode);
  if (refreshToken) body.set("refresh_token", refreshToken);
  // A runtime's own message quotes the URL, and a query may hold what nobody should read.
  const secrets = new Set(tokenEndpoint.search ? [tokenEndpoint.search] : []);
  const request: BuiltTokenRequest = {
    tokenEndpoint,
    issuer,
    clientId,
    headers: new Headers({ accept: "application/json", "content-type": "application/x-www-form-urlencoded" }),
    body,
    signal,
    asked: JSON.stringify([tokenEndpoint.href, clientId, body.toString()]),
    clean: (text) => cleanText(text, secrets),
    conceal(secret) {
      if (!secret) return;
      // In all the ways in which a server, or what stands in front of it, quotes what it got.
      const form = formEncode(secret);
      const percent = form.replaceAll("+", "%20").replace(/%(2[1789]|7E)/g, decodeURIComponent);
      for (const text of [secret, secret.trim(), JSON.stringify(secret).slice(1, -1), form, percent]) {
        secrets.add(text).add(text.replace(/%../g, (code) => code.toLowerCase()));
      }
      for (const text of [secret, `${clientId}:${secret}`]) {
        const base64 = encodeBase64(text);
        secrets.add(base64).add(base64.replace(/=+$/, ""));
      }
    },
  };
  for (const secret of [deviceCode, refreshToken]) request.conceal(secret ?? "");
  await authenticate(clientAuth, request);
  return request;
}

async function authenticate(clientAuth: ClientAuth, request: TokenRequest): Promise<void> {
  try {
    await clientAuth.authenticate(request);
  } catch (cause) {
    if (cause instanceof AuthenticationError) throw cause;
    // The caller's own code (a vault, a file) failed: its error is what helps.
    throw new AuthenticationError(
      "client_auth_failed",
      `Cannot ask for a token: client authentication by ${clientAuth.method} failed. See the cause.`,
      { cause },
    );
  }
}

function cleanText(text: string, secrets: ReadonlySet<string>): string {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  for (const secret of longestFirst) if (secret) text = text.replaceAll(secret, "[redacted]");
  return text.replace(/[^\x20-\x7e]+/g, " ").trim().slice(0, 300);
}

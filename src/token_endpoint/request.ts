/**
 * Builds a token request (RFC 6749 §4.4.2).
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { formEncode } from "../client_auth/basic_authorization.ts";
import type { ClientAuth, TokenRequest } from "../client_auth/client_auth.ts";
import { AuthenticationError } from "../errors.ts";
import { type FormParameters, identityOf } from "./parameters.ts";

/** What a token is asked for with. */
export interface TokenRequestParameters {
  tokenEndpoint: URL;
  issuer?: string | undefined;
  clientId: string;
  clientAuth: ClientAuth;
  /** The grant, and what is asked for. */
  parameters: FormParameters;
  /** The credential that was refused a moment ago. */
  refused?: string | undefined;
  /** Puts on the request what the grant needs besides. */
  prepare?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  /** Has the last word on the request. */
  customize?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  signal: AbortSignal;
}

/** A token request, and what it takes to show a text that may quote from it. */
export interface BuiltTokenRequest extends TokenRequest {
  /** Makes somebody else's text fit to be shown: without what is secret in this request, printable, and short. */
  readonly clean: (text: string) => string;
  /** Who asks, and where. */
  readonly client: string;
  /** The same, and what is asked for: all of the request but the proof. */
  readonly asked: string;
}

/** The request, client authentication included. What has no value isn't sent: an empty `scope` is refused by many. */
export async function buildTokenRequest(asked: TokenRequestParameters): Promise<BuiltTokenRequest> {
  const { tokenEndpoint, issuer, clientId, clientAuth, signal, refused } = asked;
  const client = JSON.stringify([tokenEndpoint, clientId]);
  const body = new URLSearchParams();
  for (const [name, values] of Object.entries(asked.parameters)) {
    for (const value of values) if (value) body.append(name, value);
  }
  // A runtime's own message quotes the URL, and a query may hold what nobody should read.
  const secrets = new Set(tokenEndpoint.search ? [tokenEndpoint.search] : []);
  const request: BuiltTokenRequest = {
    tokenEndpoint,
    issuer,
    clientId,
    refused,
    headers: new Headers({ accept: "application/json", "content-type": "application/x-www-form-urlencoded" }),
    body,
    signal,
    client,
    asked: client + identityOf(asked.parameters),
    clean(text) {
      const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
      for (const secret of longestFirst) if (secret) text = text.replaceAll(secret, "[redacted]");
      return text.replace(/[^\x20-\x7e]+/g, " ").trim().slice(0, 300);
    },
    conceal(secret) {
      if (!secret) return;
      // In all the ways in which a server, or what stands in front of it, quotes what it got.
      const form = formEncode(secret);
      const percent = encodeURIComponent(secret.toWellFormed());
      for (const text of [secret, secret.trim(), JSON.stringify(secret).slice(1, -1), form, percent]) {
        secrets.add(text).add(text.replace(/%../g, (code) => code.toLowerCase()));
      }
      for (const text of [secret, `${clientId}:${secret}`]) {
        const base64 = encodeBase64(text);
        secrets.add(base64).add(base64.replace(/=+$/, ""));
      }
    },
  };
  try {
    await clientAuth.authenticate(request);
    await asked.prepare?.(request);
    await asked.customize?.(request);
  } catch (cause) {
    if (cause instanceof AuthenticationError) throw cause;
    // The caller's own code (a vault, a file) failed: its error is what helps.
    throw new AuthenticationError(
      "client_auth_failed",
      `Cannot make the token request (${clientAuth.method}): see the cause.`,
      { cause },
    );
  }
  return request;
}

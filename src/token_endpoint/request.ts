/**
 * Builds a token request (RFC 6749 §4.4.2).
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { formEncode } from "../client_auth/basic_authorization.ts";
import type { ClientAuth, TokenRequest } from "../client_auth/client_auth.ts";
import { AuthenticationError } from "../errors.ts";
import { waitFor } from "../refresh/deadlines.ts";
import type { Grant } from "./grant.ts";
import type { FormParameters } from "./parameters.ts";

/** The parts of a token request. */
export interface TokenRequestParts extends Omit<Grant, "moreTokenTypes"> {
  readonly tokenEndpoint: URL;
  readonly issuer?: string | undefined;
  readonly clientId: string;
  readonly clientAuth: ClientAuth;
  readonly form: FormParameters;
  /** The credential that the server rejected a moment ago, and whether it may have rejected something else. */
  readonly refused?: string | undefined;
  readonly isUncertain?: boolean | undefined;
  /** Has the last word on the request. */
  readonly beforeTokenRequest?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  readonly signal: AbortSignal;
  /** How long the attempt may take, in milliseconds. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** The same text for requests of one client to one endpoint, and for requests that differ only in their proofs. */
  readonly keys?: readonly [client: string, request: string] | undefined;
}

/** A token request with its proofs. */
export interface BuiltTokenRequest extends TokenRequest {
  readonly keys: NonNullable<TokenRequestParts["keys"]>;
  /** The client authentication method, and what it says to check where the server rejects the client. */
  readonly method: string;
  readonly advice?: string | undefined;
  /** Redacts this request's secrets, and more, in a text of the server's or the runtime's: 300 printable characters. */
  readonly sanitize: (text: string, ...more: string[]) => string;
}

/** Builds the request, client authentication included. Empty values aren't sent: many servers reject them. */
export async function buildTokenRequest(parts: TokenRequestParts): Promise<BuiltTokenRequest> {
  const { tokenEndpoint, issuer, clientId, clientAuth, grantType, form, signal, refused, keys = ["", ""] } = parts;
  const { timeout = 10_000 } = parts;
  const body = new URLSearchParams();
  if (grantType) body.set("grant_type", grantType);
  for (const name in form) for (const value of form[name]!) if (value) body.append(name, value);
  const secrets: string[] = [];
  const request: BuiltTokenRequest = {
    ...{
      tokenEndpoint,
      issuer,
      clientId,
      refused,
      isUncertain: parts.isUncertain,
      body,
      signal,
      keys,
      method: clientAuth.method,
      advice: clientAuth.advice,
    },
    headers: new Headers({ accept: "application/json", "content-type": "application/x-www-form-urlencoded" }),
    // Runtimes quote the URL in their messages, and a query may hold secrets.
    sanitize: (text, ...more) => redactSecrets(text, clientId, [...secrets, ...more], tokenEndpoint.search),
    redact: (secret) => void secrets.push(secret),
  };
  const fail = (text: string, options = {}) =>
    new AuthenticationError(
      "client_auth_unavailable",
      `Cannot make the token request (${clientAuth.method}): ${text}`,
      options,
    );
  const prove = async () => {
    await clientAuth.authenticate(request);
    // Refused a moment ago: it isn't sent.
    if (refused !== undefined && request.credential === refused) return;
    await parts.prepare?.(request);
    await parts.beforeTokenRequest?.(request);
  };
  try {
    // A little shorter than the attempt, to say what took the time.
    const error = () => fail("it took too long. Check what gives the secret, key or token.");
    await waitFor(prove(), { timeout: timeout * 0.9, signal, error });
  } catch (cause) {
    // An attempt that was given up is over: a late failure isn't this request's.
    signal.throwIfAborted();
    if (cause instanceof AuthenticationError) throw cause;
    // The caller's own code (a vault, a file) failed: its error is what helps.
    throw fail("see the cause.", { cause });
  }
  // A vault that ignores its signal may answer late; the request must not go out then.
  signal.throwIfAborted();
  return request;
}

/** How servers write quotation marks and apostrophes in HTML. */
const quotes = [["quot", "#39"], ["quot", "#x27"], ["quot", "apos"], ["#34", "#39"]];

function escapeHtml(text: string): string[] {
  return quotes.map(([quote, apostrophe]) => {
    const names: Record<string, unknown> = { "&": "amp", "<": "lt", ">": "gt", '"': quote, "'": apostrophe };
    return text.replace(/[&<>"']/g, (sign) => `&${names[sign]};`);
  });
}

/**
 * Replaces secrets in all encodings that a server, or a proxy before it, may quote them in. Returns 300 printable
 * characters at most.
 */
export function redactSecrets(text: string, clientId: string, secrets: readonly string[], query: string): string {
  const forms = [query];
  for (const secret of secrets) {
    if (!secret) continue;
    const percent = encodeURIComponent(secret.toWellFormed());
    const json = JSON.stringify(secret).slice(1, -1);
    for (const form of [secret, secret.trim(), json, formEncode(secret), percent, ...escapeHtml(secret)]) {
      forms.push(form, form.replace(/%../g, (code) => code.toLowerCase()));
    }
    forms.push(json.replaceAll("/", "\\/"));
    for (const plain of [secret, `${clientId}:${secret}`]) {
      const base64 = encodeBase64(plain);
      forms.push(base64, base64.replace(/=+$/, ""));
    }
  }
  // As PHP, Python, Go and .NET write JSON.
  text = text.replace(/\\u([\da-f]{4})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));
  // The longest first: one secret may be a part of another.
  for (const form of forms.sort((a, b) => b.length - a.length)) {
    if (form) text = text.replaceAll(form, "[redacted]");
  }
  return text.replace(/[^\x20-\x7e]+/g, " ").trim().slice(0, 300);
}

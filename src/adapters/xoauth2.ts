/**
 * Tokens for mail: SASL's XOAUTH2 and OAUTHBEARER (RFC 7628), imapflow and nodemailer.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { checkFunction, checkNumber, throwInvalid } from "../arguments.ts";
import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { requireBearer } from "./bound_tokens.ts";

/** Options of {@linkcode xoauth2Response}. */
export interface Xoauth2Options {
  /** The mailbox, as in `robot@example.com`. */
  user: string;
}

/** Options of {@linkcode oauthBearerResponse}. */
export interface OauthBearerOptions {
  /** The mailbox, as in `robot@example.com`. Default: the token's. */
  user?: string | undefined;
  /** The server's host, where it wants to be told. Default: none. */
  host?: string | undefined;
  /** The server's port, where it wants to be told. Default: none. */
  port?: number | undefined;
}

/**
 * Makes the initial response of SASL's `XOAUTH2`, as Gmail and Exchange Online take it.
 *
 * A server that refuses the token answers with a challenge that says why, as base64 of JSON; reply to it with an empty line.
 *
 * @example
 * ```ts
 * import { xoauth2Response } from "@m2m/authenticator/adapters/xoauth2";
 *
 * const response = xoauth2Response("a-token", { user: "robot@example.com" });
 * console.log(`AUTHENTICATE XOAUTH2 ${response}`); // … dXNlcj1yb2JvdEBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciBhLXRva2VuAQE=
 * ```
 *
 * @param accessToken The access token.
 * @param options The mailbox.
 * @returns The response, as base64.
 * @throws {TypeError} If the token or the user holds control characters; they aren't shown.
 */
export function xoauth2Response(accessToken: string, options: Xoauth2Options): string {
  return encode([`user=${checkText("user", options.user)}`], accessToken);
}

/**
 * Makes the initial response of SASL's `OAUTHBEARER` (RFC 7628 §3.1).
 *
 * A server that refuses the token answers with a challenge that says why, as base64 of JSON; reply to it with `AQ==` (§3.2.3).
 *
 * @example
 * ```ts
 * import { oauthBearerResponse } from "@m2m/authenticator/adapters/xoauth2";
 *
 * const response = oauthBearerResponse("a-token", { user: "robot@example.com", host: "imap.example.com", port: 993 });
 * console.log(`AUTHENTICATE OAUTHBEARER ${response}`);
 * ```
 *
 * @param accessToken The access token.
 * @param options The mailbox, and the server as the client knows it.
 * @returns The response, as base64.
 * @throws {TypeError} If the token or an option holds control characters; they aren't shown.
 * @throws {RangeError} If there is no such port.
 */
export function oauthBearerResponse(accessToken: string, options: OauthBearerOptions = {}): string {
  const { user, host, port } = options;
  checkNumber("port", port, 1, 65_535);
  // The comma and the equals sign delimit this header (RFC 5801 §4).
  const name = user && `a=${checkText("user", user).replaceAll("=", "=3D").replaceAll(",", "=2C")}`;
  const header = `n,${name ?? ""},`;
  const fields = [header, ...host ? [`host=${checkText("host", host)}`] : [], ...port ? [`port=${port}`] : []];
  return encode(fields, accessToken);
}

/** Each field ends with a control character, and the last one with two. */
function encode(fields: readonly string[], accessToken: string): string {
  return encodeBase64([...fields, `auth=Bearer ${checkText("accessToken", accessToken)}`, "", ""].join("\x01"));
}

/** A control character would end the field, and begin another one. */
function checkText(name: string, value: unknown): string {
  // deno-lint-ignore no-control-regex
  if (typeof value === "string" && value !== "" && !/[\x00-\x1f\x7f]/.test(value)) return value;
  throw new TypeError(`${name} must be a text without control characters.`);
}

/** The part of an imapflow client that is used. */
export interface ImapClient {
  /**
   * Connects, and authenticates.
   *
   * @returns A promise that is fulfilled then.
   */
  connect(): Promise<unknown>;
}

/**
 * Connects an imapflow client with a live token; one that the server refuses is refreshed, once.
 *
 * An IMAP connection outlives its token as the server allows; when it is closed, connect another client in the same way.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a mail server.
 * import type { Authenticator } from "@m2m/authenticator";
 * import { connectImap } from "@m2m/authenticator/adapters/xoauth2";
 * import { ImapFlow } from "imapflow";
 *
 * const connect = (authenticator: Authenticator) =>
 *   connectImap(authenticator, (accessToken) =>
 *     new ImapFlow({
 *       host: "outlook.office365.com",
 *       port: 993,
 *       auth: { user: "robot@example.com", accessToken },
 *     }));
 * ```
 *
 * @param authenticator The authenticator.
 * @param makeClient Makes a client that has this access token; called again for another token.
 * @returns The client, which is connected.
 * @throws {TypeError} If `makeClient` isn't a function.
 * @throws {AuthenticationError} If no token is issued.
 * @throws What the client throws.
 */
export async function connectImap<Client extends ImapClient>(
  authenticator: Pick<Authenticator, "getCredentials" | "refreshCredentials">,
  makeClient: (accessToken: string) => Client,
): Promise<Client> {
  checkFunction("makeClient", makeClient ?? null);
  const connect = async ({ accessToken }: Credentials): Promise<Client> => {
    const client = makeClient(accessToken);
    await client.connect();
    return client;
  };
  const credentials = requireBearer(await authenticator.getCredentials());
  try {
    return await connect(credentials);
  } catch (error) {
    if (Object(error).authenticationFailed !== true) throw error;
    // The client's error says more than that there is no other token.
    const next = await authenticator.refreshCredentials({ rejected: credentials }).catch(() => undefined);
    if (next === undefined || next === credentials) throw error;
    return await connect(next);
  }
}

/** What nodemailer takes as `provisionCallback`, or as `oauth2_provision_cb`. */
export type NodemailerProvisionCallback = (
  user: string,
  isRetry: boolean,
  callback: (error: Error | null, accessToken?: string, expires?: number) => void,
) => void;

/**
 * Makes nodemailer's `provisionCallback`: each connection gets a live token; one that the server refuses is refreshed.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a mail server.
 * import type { Authenticator } from "@m2m/authenticator";
 * import { nodemailerProvision } from "@m2m/authenticator/adapters/xoauth2";
 * import { createTransport } from "nodemailer";
 *
 * const connect = (authenticator: Authenticator) =>
 *   createTransport({
 *     host: "smtp.office365.com",
 *     port: 587,
 *     requireTLS: true,
 *     auth: { type: "OAuth2", user: "robot@example.com", provisionCallback: nodemailerProvision(authenticator) },
 *   });
 * ```
 *
 * @param authenticator The authenticator.
 * @returns The callback. It serves all transports that share the authenticator.
 * @throws {TypeError} If there is no authenticator.
 */
export function nodemailerProvision(
  authenticator: Pick<Authenticator, "getCredentials" | "refreshCredentials">,
): NodemailerProvisionCallback {
  if (typeof authenticator?.getCredentials !== "function") {
    throwInvalid("authenticator", "an authenticator", authenticator);
  }
  let last: Credentials | undefined;
  return (_user, isRetry, callback) => {
    const next = isRetry && last
      ? authenticator.refreshCredentials({ rejected: last })
      : authenticator.getCredentials();
    // A moment that has passed: nodemailer would keep a token to its last second, so it asks for each connection.
    next.then(requireBearer).then(
      (credentials) => callback(null, (last = credentials).accessToken, 1),
      (error) => callback(error),
    );
  };
}

/**
 * An API, a stranger, and an authenticator, on whatever runtime runs this.
 *
 * @module
 */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import type { ClientCredentialsAuthenticatorOptions } from "@m2m/authenticator";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listen } from "../servers/loopback.ts";

/** The n-th token. */
export const token = (count: number) => `planted-token.eyJ~9/x+y==${count}`;

/** One request, as it came. */
export interface Seen {
  readonly path: string;
  readonly method: string;
  /** What was sent as a token: its number, or the header as it is. */
  readonly token: string | undefined;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

/** Where what is sent is seen. */
export interface Server {
  readonly origin: string;
  readonly seen: Seen[];
}

/** An API and its surroundings. */
export interface World {
  readonly api: Server;
  readonly stranger: Server;
  readonly authenticator: ClientCredentialsAuthenticator;
  /** The forms of the token requests. */
  readonly forms: readonly URLSearchParams[];
  /** How many there were. */
  count(): number;
  /** Rejects tokens up to this number. */
  revoke(count: number): void;
  close(): Promise<void>;
}

/** What differs. */
export interface WorldOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /** Answers token requests. Default: with the next token. */
  readonly answer?: (count: number) => Response | Promise<Response>;
  /** The body of a rejection, and its challenge. */
  readonly rejection?: string;
  readonly challenge?: string | undefined;
}

/** Starts it. */
export async function startWorld({ answer = issue, rejection = "rejected", challenge, ...options }: WorldOptions = {}) {
  const key = options.headerKey?.toLowerCase() ?? "authorization";
  let revoked = 0;
  const forms: URLSearchParams[] = [];
  const read = (headers: IncomingMessage["headers"]) => {
    const value = headers[key] as string | undefined;
    const number = /^Bearer planted-token\.eyJ~9\/x\+y==(\d+)$/.exec(value ?? "")?.[1];
    return number ?? value;
  };
  const isRight = (token: string | undefined) => Number(token) > revoked;
  const api = await startServer(read, isRight, { rejection, challenge });
  const stranger = await startServer(read, () => true, {});
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: api.origin,
    clientId: "id",
    clientSecret: "secret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token" }),
    fetch: async (_input, init) => await answer(forms.push(new URLSearchParams(String(init?.body)))),
    retry: { maxAttempts: 1 },
    ...options,
  });
  const world: World = {
    api,
    stranger,
    authenticator,
    forms,
    count: () => forms.length,
    revoke: (number) => void (revoked = number),
    async close() {
      await Promise.all([api.close(), stranger.close(), authenticator.close().catch(() => {})]);
    },
  };
  return world;
}

export function issue(count: number): Response {
  return Response.json({ access_token: token(count), token_type: "Bearer", expires_in: 3600 });
}

async function startServer(
  read: (headers: IncomingMessage["headers"]) => string | undefined,
  isRight: (token: string | undefined) => boolean,
  { rejection, challenge }: Pick<WorldOptions, "challenge" | "rejection">,
) {
  const seen: Seen[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    const { url = "", method = "", headers } = request;
    const body = new TextDecoder().decode(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
    const sent = read(headers);
    seen.push({ path: url, method, token: sent, body, headers });
    // Elasticsearch's client wants to know whom it talks to.
    response.setHeader("x-elastic-product", "Elasticsearch").setHeader("content-type", "text/plain");
    const { searchParams, pathname } = new URL(url, "http://localhost");
    if (pathname === "/silent") return;
    if (pathname === "/busy" && seen.filter(({ path }) => path === url).length === 1) {
      return void response.writeHead(503).end("busy");
    }
    if (!isRight(sent)) {
      if (challenge) response.setHeader("www-authenticate", challenge);
      return void response.writeHead(401).end(rejection);
    }
    const target = searchParams.get("to");
    if (target) return void response.writeHead(Number(searchParams.get("status") ?? 302), { location: target }).end();
    response.end(`${method} ${body}`);
  });
  const { port, close } = await listen(server);
  return { origin: `http://127.0.0.1:${port}`, seen, close };
}

/**
 * An API on loopback, by TLS, that accepts certificate-bound access tokens (RFC 8705 §3) with the certificate whose
 * thumbprint they name.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { createRemoteJWKSet, customFetch } from "jose";
import { host, listen } from "./loopback.ts";
import { askForCertificate, computeThumbprint } from "./mutual_tls.ts";
import { verifyToken } from "./protected_api.ts";
import type { KeyPair } from "./tls_certificates.ts";

interface Options {
  readonly certificate: KeyPair;
  /** The authority that issued this certificate and the clients', as PEM text. */
  readonly authority: string;
  /** The only issuer whose tokens count, and the audience they must name. */
  readonly issuer: string;
  readonly jwksUri: string;
}

/** Starts the API on a free port. */
export async function startMtlsProtectedApi({ certificate, authority, issuer, jwksUri }: Options) {
  const client = Deno.createHttpClient({ caCerts: [authority] });
  const keys = createRemoteJWKSet(new URL(jwksUri), {
    [customFetch]: (url, init) => fetch(url, { ...init, client } as RequestInit),
  });
  /** Every call answered, oldest first, with the thumbprints of the token and of the certificate. */
  const calls: { path: string; status: number; bound: string | undefined; shown: string | undefined }[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { url = "", headers: { authorization = "" }, socket } = request;
    const shown = await computeThumbprint(socket);
    const token = authorization.replace(/^Bearer /, "");
    const { payload } = await verifyToken(token, keys, { issuer, audience: issuer });
    const bound = (payload?.cnf as Record<string, string> | undefined)?.["x5t#S256"];
    const status = bound !== undefined && bound === shown ? 200 : 401;
    calls.push({ path: url, status, bound, shown });
    const body = status === 200 ? [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }] : { message: "No" };
    const challenge = status === 401 && { "www-authenticate": 'Bearer error="invalid_token"' };
    response.writeHead(status, { "content-type": "application/json", ...challenge }).end(JSON.stringify(body));
  };
  const settings = { ...certificate, ...askForCertificate(authority) };
  const { port, close } = await listen(createServer(settings, (request, response) => void answer(request, response)));
  const stop = () => close().then(() => client.close());
  return { origin: `https://${host}:${port}`, calls, [Symbol.asyncDispose]: stop };
}

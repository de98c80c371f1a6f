/**
 * An API on loopback, by TLS, that takes certificate-bound access tokens (RFC 8705 §3): only together with the
 * certificate whose thumbprint they name.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, jwtVerify } from "jose";
import { asksForCertificate, ShownCertificate } from "./client_certificate.ts";
import type { KeyPair } from "./tls_certificates.ts";

const host = "127.0.0.1";

export interface MtlsProtectedApiOptions {
  readonly certificate: KeyPair;
  /** The authority that issued this certificate and the clients', as PEM text. */
  readonly authority: string;
  /** The only issuer whose tokens count, and the audience they must name. */
  readonly issuer: string;
  readonly jwksUri: string;
}

/** One call, as it was judged. */
export interface MtlsCall {
  readonly path: string;
  readonly status: number;
  /** The thumbprint that the token names, and that of the certificate. */
  readonly bound: string | undefined;
  readonly shown: string | undefined;
}

export interface MtlsProtectedApi extends AsyncDisposable {
  readonly origin: string;
  /** Every call answered, oldest first. */
  readonly calls: readonly MtlsCall[];
}

/** Starts the API on a free port. It takes every token of the issuer that is bound to the certificate shown. */
export async function startMtlsProtectedApi(options: MtlsProtectedApiOptions): Promise<MtlsProtectedApi> {
  const client = Deno.createHttpClient({ caCerts: [options.authority] });
  const keys = createRemoteJWKSet(new URL(options.jwksUri), {
    [customFetch]: (url, init) => fetch(url, { ...init, client } as RequestInit),
  });
  const calls: MtlsCall[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const shown = await ShownCertificate.of(request.socket)?.thumbprint();
    const claims = await claimsOf(request.headers.authorization, keys, options.issuer);
    const bound = (claims?.cnf as Record<string, string> | undefined)?.["x5t#S256"];
    const status = claims !== undefined && bound !== undefined && bound === shown ? 200 : 401;
    calls.push({ path: request.url ?? "", status, bound, shown });
    const body = status === 200 ? [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }] : { message: "No" };
    response.writeHead(status, {
      "content-type": "application/json",
      ...status === 401 && { "www-authenticate": 'Bearer error="invalid_token"' },
    }).end(JSON.stringify(body));
  };
  const server = createServer(
    { ...options.certificate, ...asksForCertificate(options.authority) },
    (request, response) => void answer(request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    origin: `https://${host}:${(server.address() as AddressInfo).port}`,
    calls,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      client.close();
    },
  };
}

async function claimsOf(
  header: string | undefined,
  keys: ReturnType<typeof createRemoteJWKSet>,
  issuer: string,
): Promise<JWTPayload | undefined> {
  const token = /^Bearer ([\w.-]+)$/.exec(header ?? "")?.[1] ?? "";
  try {
    return (await jwtVerify(token, keys, { issuer, audience: issuer, typ: "at+jwt", clockTolerance: 1 })).payload;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return undefined;
  }
}

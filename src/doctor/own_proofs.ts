/**
 * What the client proves itself by, read from the parts of a request that isn't sent.
 *
 * @module
 */

import { getBasicAuthorizationHeader } from "../client_auth/basic_authorization.ts";
import type { ClientAuth, TokenRequest } from "../client_auth/client_auth.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import { waitFor } from "../refresh/deadlines.ts";
import { chooseClientAuth } from "../token_endpoint/choose_client_auth.ts";
import type { Examination } from "./examination.ts";
import { type ReadJwt, readJwt } from "../jwt/read_jwt.ts";

/** What the client proves itself by. */
export interface OwnProofs {
  /** The authentication method, as the registry of OAuth names it. */
  readonly method: string;
  /** The secret of `client_secret_basic`, `client_secret_post` or `client_secret_jwt`. */
  readonly secret?: string | undefined;
  /** How Basic writes it. */
  readonly encoding?: "form" | "raw" | undefined;
  /** A client assertion like the one that is sent. */
  readonly assertion?: ReadJwt | undefined;
  /** A DPoP proof like the one that is sent. */
  readonly proof?: ReadJwt | undefined;
}

/** Reads them. What fails here fails in a real request as well, and is reported there. */
export async function readOwnProofs(examination: Examination): Promise<OwnProofs> {
  const { options, facts: { settings } } = examination;
  const tokenEndpoint = new URL(settings?.tokenEndpoint ?? options.endpoint);
  const chosen = chooseClientAuth(options);
  const clientAuth = settings?.authMethod === chosen.alternative?.method && chosen.alternative || chosen;
  const { method } = clientAuth;
  const [request, proof] = await Promise.all([
    authenticate(clientAuth, { examination, tokenEndpoint, issuer: settings?.issuer }).catch(() => undefined),
    options.dpop ? readProof(options.dpop, tokenEndpoint).catch(() => undefined) : undefined,
  ]);
  if (!request) return { method, proof };
  const secret = /^client_secret_/.test(method) ? request.credential : undefined;
  const header = request.headers.get("authorization");
  const isRaw = header !== null && secret !== undefined &&
    header !== getBasicAuthorizationHeader(request.clientId, secret);
  return {
    method,
    secret,
    encoding: method === "client_secret_basic" ? isRaw ? "raw" : "form" : undefined,
    assertion: readJwt(request.body.get("client_assertion") ?? ""),
    proof,
  };
}

interface Context {
  readonly examination: Examination;
  readonly tokenEndpoint: URL;
  readonly issuer: string | undefined;
}

async function authenticate(clientAuth: ClientAuth, context: Context): Promise<TokenRequest> {
  const { examination, tokenEndpoint, issuer } = context;
  const { signal, stepTimeout, options: { clientId } } = examination;
  const request: TokenRequest = {
    tokenEndpoint,
    issuer,
    clientId,
    signal,
    headers: new Headers(),
    body: new URLSearchParams(),
    redact: examination.addSecret,
  };
  await waitFor(Promise.resolve(clientAuth.authenticate(request)), { signal, timeout: stepTimeout });
  return request;
}

async function readProof(dpop: ProofOfPossession, url: URL): Promise<ReadJwt | undefined> {
  let proof: string | null = null;
  const fetch = dpop.tokenFetch((_input, init) => {
    proof = new Headers(init?.headers).get("dpop");
    return Promise.resolve(new Response(null, { status: 400 }));
  });
  await fetch(url.href, { method: "POST", body: "" });
  return readJwt(proof ?? "");
}

/**
 * The same client authentication, by assertions for another audience; `undefined` if its `aud` can't be changed from
 * outside.
 */
export async function withAudience(
  clientAuth: ClientAuth,
  audience: string,
  examination: Examination,
): Promise<ClientAuth | undefined> {
  // Assertions take their audience from one of these.
  const others: Record<PropertyKey, unknown> = { issuer: audience, tokenEndpoint: { href: audience } };
  const changed: ClientAuth = {
    ...clientAuth,
    authenticate: (request) =>
      clientAuth.authenticate(
        new Proxy(request, { get: (target, name) => others[name] ?? Reflect.get(target, name, target) }),
      ),
  };
  const tokenEndpoint = new URL(examination.facts.settings!.tokenEndpoint);
  const request = await authenticate(changed, { examination, tokenEndpoint, issuer: audience }).catch(() => undefined);
  const { claims } = readJwt(request?.body.get("client_assertion") ?? "") ?? {};
  return claims?.aud === audience ? changed : undefined;
}

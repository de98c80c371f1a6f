/**
 * Asks a real server for tokens with certificates, and calls an API with them: for every runtime that can show one.
 *
 * @module
 */

import {
  type AuthenticationError,
  type AuthenticatorEvent,
  type AuthenticatorOptions,
  ClientCredentialsAuthenticator,
} from "@m2m/authenticator";
import { selfSignedTlsClientAuth, tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import type { CertificateName, TlsCase, TlsInput, TlsOutcome, TlsOutput } from "./tls_case.ts";

/** The options of an authenticator that shows this certificate, or none. */
export type WayOut = (
  certificate: CertificateName | undefined,
  input: TlsInput,
) => Pick<AuthenticatorOptions, "fetch" | "verify" | "clientCertificate">;

/** Where the certificate is the authenticator's own. */
export const byClientCertificate: WayOut = (certificate, { authority, certificates }) => ({
  verify: authority,
  ...certificate && { clientCertificate: certificates[certificate] },
});

/** Runs all cases; `inspect` is what the runtime has to look into a value. */
export async function tryCertificates(
  input: TlsInput,
  wayOut: WayOut,
  inspect: (value: unknown) => string = String,
): Promise<TlsOutput> {
  const output: Record<string, TlsOutcome> = {};
  for (const each of input.cases) output[each.name] = await run(each, input, wayOut, inspect);
  return output;
}

async function run(
  { clientId, method, certificate, useMtlsEndpointAliases }: TlsCase,
  input: TlsInput,
  wayOut: WayOut,
  inspect: (value: unknown) => string,
): Promise<TlsOutcome> {
  const events: AuthenticatorEvent[] = [];
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: input.api,
    clientId,
    ...ways[method](input),
    ...wayOut(certificate, input),
    configStore: new DiscoveryClientConfigStore(input.issuer, {
      useMtlsEndpointAliases,
      overrides: { scopes: ["api:read"], audience: input.issuer },
    }),
    onEvent: (event) => void events.push(event),
  });
  try {
    const { status } = await authenticator.fetch("/v1/projects").then(spent);
    const { accessToken } = await authenticator.getCredentials();
    const headers = { authorization: `Bearer ${accessToken}` };
    const api = [
      status,
      await statusBy("of another organization", headers, input, wayOut),
      await statusBy(undefined, headers, input, wayOut),
    ] as const;
    return { gets: "a token", api, bound: claims(accessToken).cnf?.["x5t#S256"] };
  } catch (thrown) {
    const error = thrown as AuthenticationError;
    const printed = [
      ...[error, error.cause, authenticator, events].map((value) => `${inspect(value)} ${JSON.stringify(value)}`),
      ...[error.message, error.stack, error.error_description],
    ].join("\n");
    const { name, code, status = 0, retryable } = error;
    return { gets: error.error, error: [name, code, status, retryable], printed };
  } finally {
    await authenticator.close();
  }
}

const ways = {
  tls_client_auth: () => ({ clientAuth: tlsClientAuth() }),
  self_signed_tls_client_auth: () => ({ clientAuth: selfSignedTlsClientAuth() }),
  client_secret_basic: ({ secret }: TlsInput) => ({ clientSecret: secret }),
};

/** What the API answers to a token that comes with this certificate. */
async function statusBy(
  certificate: CertificateName | undefined,
  headers: HeadersInit,
  input: TlsInput,
  wayOut: WayOut,
): Promise<number> {
  const other = new ClientCredentialsAuthenticator({
    // Not the API: what is called elsewhere goes as it is.
    endpoint: "https://elsewhere.test",
    clientId: "nobody",
    clientAuth: tlsClientAuth(),
    ...wayOut(certificate, input),
    configStore: new DiscoveryClientConfigStore(input.issuer),
  });
  try {
    return (await other.fetch(`${input.api}/v1/projects`, { headers }).then(spent)).status;
  } finally {
    await other.close();
  }
}

async function spent(response: Response): Promise<Response> {
  await response.text();
  return response;
}

function claims(token: string): { cnf?: Record<string, string> } {
  return JSON.parse(atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
}

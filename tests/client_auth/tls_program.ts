/**
 * Gets tokens with client certificates, and calls an API with them. For all runtimes that have them.
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
import type { CertificateName, TlsCase, TlsInput, TlsOutcome } from "./tls_case.ts";

/** Makes the options for a certificate, or none. */
export type MakeTransport = (
  certificate: CertificateName | undefined,
  input: TlsInput,
) => Pick<AuthenticatorOptions, "fetch" | "verify" | "clientCertificate">;

export const useClientCertificate: MakeTransport = (certificate, { authority, certificates }) => ({
  verify: authority,
  ...certificate && { clientCertificate: certificates[certificate] },
});

/** Runs all cases; `inspect` is the runtime's. */
export async function tryCertificates(
  input: TlsInput,
  makeTransport = useClientCertificate,
  inspect: (value: unknown, options: object) => string = String,
): Promise<TlsOutcome[]> {
  const output: TlsOutcome[] = [];
  for (const each of input.cases) output.push(await tryCertificate(each, input, makeTransport, inspect));
  return output;
}

const methods = {
  tls_client_auth: () => ({ clientAuth: tlsClientAuth() }),
  self_signed_tls_client_auth: () => ({ clientAuth: selfSignedTlsClientAuth() }),
  client_secret_basic: ({ secret }: TlsInput) => ({ clientSecret: secret }),
};

async function tryCertificate(
  { clientId, method, certificate, useMtlsEndpointAliases }: TlsCase,
  input: TlsInput,
  makeTransport: MakeTransport,
  inspect: (value: unknown, options: object) => string,
): Promise<TlsOutcome> {
  const events: AuthenticatorEvent[] = [];
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: input.api,
    clientId,
    ...methods[method](input),
    ...makeTransport(certificate, input),
    configStore: new DiscoveryClientConfigStore(input.issuer, {
      useMtlsEndpointAliases,
      overrides: { scopes: ["api:read"], audience: input.issuer },
    }),
    onEvent: (event) => void events.push(event),
  });
  try {
    const api = [await getStatus(authenticator, input)];
    const { accessToken } = await authenticator.getCredentials();
    for (const another of ["of another organization", undefined] as const) {
      const other = new ClientCredentialsAuthenticator({
        // Another endpoint: calls of the API have the caller's token.
        endpoint: "https://elsewhere.test",
        clientId: "other",
        clientAuth: tlsClientAuth(),
        ...makeTransport(another, input),
        configStore: new DiscoveryClientConfigStore(input.issuer),
      });
      api.push(await getStatus(other, input, { headers: { authorization: `Bearer ${accessToken}` } }));
      await other.close();
    }
    const claims = JSON.parse(atob(accessToken.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
    return { gets: "a token", api, bound: claims.cnf?.["x5t#S256"] };
  } catch (thrown) {
    const error = thrown as AuthenticationError;
    const values = [error, error.cause, authenticator, events];
    const texts = values.flatMap((value) => [inspect(value, { depth: 10, showHidden: true }), JSON.stringify(value)]);
    const { name, code, status = 0, retryable } = error;
    const printed = [...texts, error.message, error.stack, error.error_description].join("\n");
    return { gets: error.error, error: [name, code, status, retryable], printed };
  } finally {
    await authenticator.close();
  }
}

async function getStatus(
  authenticator: ClientCredentialsAuthenticator,
  { api }: TlsInput,
  init: RequestInit = {},
): Promise<number> {
  const response = await authenticator.fetch(`${api}/v1/projects`, init);
  await response.text();
  return response.status;
}

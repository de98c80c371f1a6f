/**
 * Gets tokens with client certificates, and calls an API with them: as a program whose last argument is the input, or as
 * a worker that has each certificate in a binding, as Cloudflare's mTLS bindings are.
 *
 * @module
 */

import { type AuthenticatorOptions, ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { selfSignedTlsClientAuth, tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { getRefusal, getStatus, type Make, readClaims, type Refusal } from "./refusal.ts";
import type { TlsCase, TlsInput } from "./tls_stage.ts";

declare const process: { readonly argv?: readonly string[] } | undefined;

/** Makes the options for a certificate. */
type MakeTransport = (certificate: TlsCase[2]) => Partial<AuthenticatorOptions>;

/** Tries all cases. */
export async function tryCertificates(
  input: TlsInput,
  makeTransport: MakeTransport = (certificate) => ({
    verify: input.authority,
    clientCertificate: input.certificates[certificate],
  }),
): Promise<(Awaited<ReturnType<typeof useToken>> | Refusal)[]> {
  const output: Awaited<ReturnType<typeof tryCertificates>> = [];
  for (const [clientId, method, certificate, gets, useMtlsEndpointAliases] of input.cases) {
    const make: Make<ClientCredentialsAuthenticator> = (on) =>
      new ClientCredentialsAuthenticator({
        endpoint: input.api,
        clientId,
        ...methods[method](input),
        ...makeTransport(certificate),
        configStore: new DiscoveryClientConfigStore(input.issuer, {
          useMtlsEndpointAliases,
          overrides: { scopes: ["api:read"], audience: input.issuer },
        }),
        ...on,
      });
    output.push(gets === "a token" ? await useToken(make(), input, makeTransport) : await getRefusal(make));
  }
  return output;
}

const methods = {
  tls_client_auth: () => ({ clientAuth: tlsClientAuth() }),
  self_signed_tls_client_auth: () => ({ clientAuth: selfSignedTlsClientAuth() }),
  client_secret_basic: ({ secret }: TlsInput) => ({ clientSecret: secret }),
};

/** The API's status for the token with its certificate, with another, and with none, and the thumbprint in the token. */
async function useToken(
  authenticator: ClientCredentialsAuthenticator,
  { issuer, api }: TlsInput,
  makeTransport: MakeTransport,
) {
  const url = `${api}/v1/projects`;
  const statuses = [await getStatus(authenticator.fetch(url))];
  const headers = await authenticator.authorize(new Headers());
  for (const another of ["of another organization", "none"] as const) {
    const other = new ClientCredentialsAuthenticator({
      // Another endpoint: calls of the API have the caller's token.
      endpoint: "https://elsewhere.test",
      clientId: "other",
      clientAuth: tlsClientAuth(),
      ...makeTransport(another),
      configStore: new DiscoveryClientConfigStore(issuer),
    });
    statuses.push(await getStatus(other.fetch(url, { headers })));
    await other.close();
  }
  const { cnf } = readClaims(authenticator) as { cnf?: Record<string, unknown> };
  await authenticator.close();
  return { statuses, bound: cnf?.["x5t#S256"] };
}

const told = typeof process === "undefined" ? undefined : process.argv?.at(-1);
const isProgram = told?.startsWith("{") ?? false;
if (isProgram) console.log(JSON.stringify(await tryCertificates(JSON.parse(told!))));

// Bun would start a server for a program with this export.
export default isProgram ? undefined : {
  async fetch(request: Request, env: Record<string, { fetch: typeof fetch }>): Promise<Response> {
    const makeTransport: MakeTransport = (certificate) => ({
      fetch: (input, init) => env[certificate]!.fetch(input, init),
    });
    return Response.json(await tryCertificates(await request.json(), makeTransport));
  },
};

/**
 * Loads and uses every export of the package, on any runtime. A failure, also of loading a module, is a result.
 *
 * @module
 */

import { type Authenticator, type ClientAuth, getToken, type GrantOptions } from "@m2m/authenticator";

/** The uses' input. */
export interface ProbeInput {
  /** A server. */
  readonly url: string;
  /** A proxy that isn't listening. */
  readonly deadProxy: string;
  /** The path of a file with `a-secret` in it. */
  readonly secretFile: string;
}

/** The results by export; those of failures begin with `failed: `. */
export type ProbeOutput = Readonly<Record<string, string>>;

type Use = (input: ProbeInput) => Promise<string>;

const issuer = "https://auth.example.com";
const tokenEndpoint = `${issuer}/token`;

async function generateKey(): Promise<CryptoKey> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  return (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair).privateKey;
}

/** Their imports are written out: bundlers follow no computed import. */
const uses: Readonly<Record<string, Use>> = {
  ".": async () => {
    const { Credentials, GrantType } = await import("@m2m/authenticator");
    return `${GrantType.CLIENT_CREDS} ${new Credentials({ accessToken: "t" }).tokenType}`;
  },
  "./config-store/chain": async () => {
    const { ChainClientConfigStore } = await import("@m2m/authenticator/config-store/chain");
    const { StaticClientConfigStore } = await import("@m2m/authenticator");
    const store = new StaticClientConfigStore({ tokenEndpoint });
    return String((await new ChainClientConfigStore([store]).getClientConfig()).tokenEndpoint);
  },
  "./config-store/discovery": async () => {
    const { DiscoveryClientConfigStore } = await import("@m2m/authenticator/config-store/discovery");
    const options = publish({ issuer, token_endpoint: tokenEndpoint });
    return String((await new DiscoveryClientConfigStore(issuer, options).getClientConfig()).tokenEndpoint);
  },
  "./config-store/env": async () => {
    const { authenticatorFromEnv } = await import("@m2m/authenticator/config-store/env");
    return authenticatorFromEnv().constructor.name;
  },
  "./config-store/flyte": async () => {
    const { FlyteClientConfigStore } = await import("@m2m/authenticator/config-store/flyte");
    const options = publish({ tokenEndpoint });
    return String((await new FlyteClientConfigStore("flyte.example.com", options).getClientConfig()).tokenEndpoint);
  },
  "./config-store/flyte-config-file": async () => {
    const { authenticatorFromFlyteConfig } = await import("@m2m/authenticator/config-store/flyte-config-file");
    const source = "admin: { endpoint: flyte.example.com, clientId: my-client, clientSecretLocation: /secret }";
    return authenticatorFromFlyteConfig(source).constructor.name;
  },
  "./config-store/protected-resource": async () => {
    const { ProtectedResourceClientConfigStore } = await import("@m2m/authenticator/config-store/protected-resource");
    const resource = "https://api.example.com/mcp";
    const metadata = { resource, authorization_servers: [issuer], issuer, token_endpoint: tokenEndpoint };
    const store = new ProtectedResourceClientConfigStore(resource, { issuer, ...publish(metadata) });
    return String((await store.getClientConfig()).tokenEndpoint);
  },
  "./client-auth/client-assertion": async () => {
    const { clientAssertion } = await import("@m2m/authenticator/client-auth/client-assertion");
    return await sendAssertion(clientAssertion(() => "a.b.c"));
  },
  "./client-auth/client-secret-jwt": async () => {
    const { clientSecretJwt } = await import("@m2m/authenticator/client-auth/client-secret-jwt");
    return await sendAssertion(clientSecretJwt("a-secret-of-at-least-thirty-two-bytes"));
  },
  "./client-auth/rotating-secrets": async () => {
    const { rotatingSecrets } = await import("@m2m/authenticator/client-auth/rotating-secrets");
    return await rotatingSecrets(["a-secret", "an-old-one"])();
  },
  "./client-auth/private-key-jwt": async () => {
    const { privateKeyJwt } = await import("@m2m/authenticator/client-auth/private-key-jwt");
    return await sendAssertion(privateKeyJwt(await generateKey()));
  },
  "./client-auth/secret-file": async (input) => {
    const { secretFile } = await import("@m2m/authenticator/client-auth/secret-file");
    return await secretFile(input.secretFile)();
  },
  "./client-auth/tls": async () => {
    const { selfSignedTlsClientAuth, tlsClientAuth } = await import("@m2m/authenticator/client-auth/tls");
    return `${tlsClientAuth().method} ${selfSignedTlsClientAuth().method}`;
  },
  "./dpop": async () => {
    const { dpop } = await import("@m2m/authenticator/dpop");
    const proofs = dpop();
    const sent: string[] = [];
    const fetch = (_input: unknown, init?: RequestInit) => {
      const [, claims = ""] = new Headers(init?.headers).get("dpop")?.split(".") ?? [];
      const { htm, ath } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
      sent.push(ath ? `${htm} with ath` : htm);
      return Promise.resolve(new Response());
    };
    await proofs.tokenFetch(fetch)("https://auth.example.com/token", { method: "POST" });
    await proofs.apiFetch(fetch)("https://api.example.com", { headers: { authorization: "DPoP t" } });
    return sent.join(", ");
  },
  "./grant/jwt-bearer": async () => {
    const { JwtBearerAuthenticator } = await import("@m2m/authenticator/grant/jwt-bearer");
    return await sendGrant(
      (settings) => new JwtBearerAuthenticator({ ...settings, assertion: () => "a.b.c" }),
      "assertion",
    );
  },
  "./grant/signed-assertion": async () => {
    const { JwtBearerAuthenticator } = await import("@m2m/authenticator/grant/jwt-bearer");
    const { signedAssertion } = await import("@m2m/authenticator/grant/signed-assertion");
    const assertion = signedAssertion(await generateKey(), { iss: "robot", audience: "token-endpoint" });
    const form = await sendGrant((settings) => new JwtBearerAuthenticator({ ...settings, assertion }), "assertion");
    return `${form.split(" ")[1]?.split(".").length} parts`;
  },
  "./grant/token-exchange": async () => {
    const { TokenExchangeAuthenticator } = await import("@m2m/authenticator/grant/token-exchange");
    return await sendGrant(
      (settings) => new TokenExchangeAuthenticator({ ...settings, subjectToken: "a-token" }),
      "subject_token",
    );
  },
  "./revocation": async () => {
    const { tokenRevocation } = await import("@m2m/authenticator/revocation");
    const { ClientCredentialsAuthenticator, StaticClientConfigStore } = await import("@m2m/authenticator");
    const { forms, fetch } = recordForms("/revoke");
    const authenticator = new ClientCredentialsAuthenticator({
      endpoint: "https://api.example.com",
      clientId: "my-client",
      clientSecret: "my-secret",
      configStore: new StaticClientConfigStore({ tokenEndpoint }),
      revocation: tokenRevocation({ endpoint: `${issuer}/revoke` }),
      fetch,
    });
    await authenticator.getCredentials();
    await authenticator.close();
    return String(forms[0]);
  },
  "./transport/bun": async ({ url, deadProxy }) => {
    const { bunTransport } = await import("@m2m/authenticator/transport/bun");
    return await fetchBy(bunTransport({ httpProxyUrl: deadProxy }), url);
  },
  "./transport/deno": async ({ url, deadProxy }) => {
    const { denoTransport } = await import("@m2m/authenticator/transport/deno");
    return await fetchBy(denoTransport({ httpProxyUrl: deadProxy }), url);
  },
  "./transport/node": async ({ url, deadProxy }) => {
    const { nodeTransport } = await import("@m2m/authenticator/transport/node");
    return await fetchBy(nodeTransport({ httpProxyUrl: deadProxy }), url);
  },
};

/** Uses every export. */
export async function probe(input: ProbeInput): Promise<ProbeOutput> {
  const output: Record<string, string> = {};
  for (const [name, use] of Object.entries(uses)) {
    output[name] = await use(input).catch((error) => `failed: ${error?.code ?? error?.name}: ${error?.message}`);
  }
  return output;
}

/** A token endpoint that records the forms of its requests, or those of another. */
function recordForms(path = "/token") {
  const forms: URLSearchParams[] = [];
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => {
    if (String(input).endsWith(path)) forms.push(new URLSearchParams(String(init?.body)));
    return Promise.resolve(Response.json({ access_token: "t", token_type: "Bearer" }));
  };
  return { forms, fetch };
}

/** Gets a token by a method; tells the form of its assertion. */
async function sendAssertion(clientAuth: ClientAuth): Promise<string> {
  const { forms, fetch } = recordForms();
  await getToken(tokenEndpoint, { clientId: "my-client", clientAuth, fetch });
  return `${forms[0]?.get("client_assertion")?.split(".").length} parts`;
}

/** Gets a token by a grant; tells the grant, and one of its parameters. */
async function sendGrant(
  make: (settings: Pick<GrantOptions, "endpoint" | "configStore" | "fetch">) => Authenticator,
  name: string,
): Promise<string> {
  const { StaticClientConfigStore } = await import("@m2m/authenticator");
  const { forms, fetch } = recordForms();
  const configStore = new StaticClientConfigStore({ tokenEndpoint });
  await make({ endpoint: "https://api.example.com", configStore, fetch }).getCredentials();
  return `${forms[0]?.get("grant_type")} ${forms[0]?.get(name)}`;
}

/** The answer that a config store's server gives. */
function publish(answer: unknown) {
  return { fetch: () => Promise.resolve(Response.json(answer)) };
}

async function fetchBy(
  transport: { fetch(url: string): Promise<Response>; close(): Promise<void> },
  url: string,
): Promise<string> {
  try {
    const response = await transport.fetch(url);
    return `without the proxy: ${await response.text()}`;
  } finally {
    await transport.close().catch(() => {});
  }
}

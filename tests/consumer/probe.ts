/**
 * Loads every export of the package, and puts it to a first use, whatever it runs on; what came of it is told, not
 * thrown. A module that doesn't load is told like one that fails at work.
 *
 * @module
 */

import { type Authenticator, type ClientAuth, getToken, type GrantOptions } from "@m2m/authenticator";

/** What the uses need. */
export interface ProbeInput {
  /** A server that answers everything. */
  readonly url: string;
  /** A proxy where nobody listens: who goes by it gets no answer. */
  readonly deadProxy: string;
  /** The path of a file that holds `a-secret`. */
  readonly secretFile: string;
}

/** By export: what came of its use, `failed: ` before it where that is an error. */
export type ProbeOutput = Readonly<Record<string, string>>;

type Use = (input: ProbeInput) => Promise<string>;

/** Written out for each: bundlers follow no computed import. */
const uses: Readonly<Record<string, Use>> = {
  ".": async () => {
    const { Credentials, GrantType } = await import("@m2m/authenticator");
    return `${GrantType.CLIENT_CREDS} ${new Credentials({ accessToken: "t" }).tokenType}`;
  },
  "./config-store/chain": async () => {
    const { ChainClientConfigStore } = await import("@m2m/authenticator/config-store/chain");
    const { StaticClientConfigStore } = await import("@m2m/authenticator");
    const last = new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/token" });
    return String((await new ChainClientConfigStore([last]).getClientConfig()).tokenEndpoint);
  },
  "./config-store/discovery": async () => {
    const { DiscoveryClientConfigStore } = await import("@m2m/authenticator/config-store/discovery");
    const issuer = "https://auth.example.com";
    const fetch = () => Promise.resolve(Response.json({ issuer, token_endpoint: `${issuer}/token` }));
    return String((await new DiscoveryClientConfigStore(issuer, { fetch }).getClientConfig()).tokenEndpoint);
  },
  "./config-store/env": async () => {
    const { authenticatorFromEnv } = await import("@m2m/authenticator/config-store/env");
    return authenticatorFromEnv().constructor.name;
  },
  "./config-store/flyte": async () => {
    const { FlyteClientConfigStore } = await import("@m2m/authenticator/config-store/flyte");
    const fetch = () => Promise.resolve(Response.json({ tokenEndpoint: "https://auth.example.com/token" }));
    return String((await new FlyteClientConfigStore("flyte.example.com", { fetch }).getClientConfig()).tokenEndpoint);
  },
  "./config-store/flyte-config-file": async () => {
    const { authenticatorFromFlyteConfig } = await import("@m2m/authenticator/config-store/flyte-config-file");
    const source = "admin: { endpoint: flyte.example.com, clientId: my-client, clientSecretLocation: /secret }";
    return authenticatorFromFlyteConfig(source).constructor.name;
  },
  "./config-store/protected-resource": async () => {
    const { ProtectedResourceClientConfigStore } = await import("@m2m/authenticator/config-store/protected-resource");
    const resource = "https://api.example.com/mcp";
    const issuer = "https://auth.example.com";
    const published = { resource, authorization_servers: [issuer], issuer, token_endpoint: `${issuer}/token` };
    const fetch = () => Promise.resolve(Response.json(published));
    const store = new ProtectedResourceClientConfigStore(resource, { issuer, fetch });
    return String((await store.getClientConfig()).tokenEndpoint);
  },
  "./client-auth/client-assertion": async () => {
    const { clientAssertion } = await import("@m2m/authenticator/client-auth/client-assertion");
    return await parametersOf(clientAssertion(() => "a.b.c"));
  },
  "./client-auth/client-secret-jwt": async () => {
    const { clientSecretJwt } = await import("@m2m/authenticator/client-auth/client-secret-jwt");
    return await parametersOf(clientSecretJwt("a-secret-of-at-least-thirty-two-bytes"));
  },
  "./client-auth/rotating-secrets": async () => {
    const { rotatingSecrets } = await import("@m2m/authenticator/client-auth/rotating-secrets");
    return await rotatingSecrets(["a-secret", "an-old-one"])();
  },
  "./client-auth/private-key-jwt": async () => {
    const { privateKeyJwt } = await import("@m2m/authenticator/client-auth/private-key-jwt");
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
    return await parametersOf(privateKeyJwt(pair.privateKey));
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
    const said: string[] = [];
    const fetch = (_input: unknown, init?: RequestInit) => {
      const [, claims = ""] = new Headers(init?.headers).get("dpop")?.split(".") ?? [];
      const { htm, ath } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
      said.push(ath ? `${htm} with ath` : htm);
      return Promise.resolve(new Response());
    };
    await proofs.tokenFetch(fetch)("https://auth.example.com/token", { method: "POST" });
    await proofs.apiFetch(fetch)("https://api.example.com", { headers: { authorization: "DPoP t" } });
    return said.join(", ");
  },
  "./grant/jwt-bearer": async () => {
    const { JwtBearerAuthenticator } = await import("@m2m/authenticator/grant/jwt-bearer");
    return await formOf(
      (settings) => new JwtBearerAuthenticator({ ...settings, assertion: () => "a.b.c" }),
      "assertion",
    );
  },
  "./grant/signed-assertion": async () => {
    const { JwtBearerAuthenticator } = await import("@m2m/authenticator/grant/jwt-bearer");
    const { signedAssertion } = await import("@m2m/authenticator/grant/signed-assertion");
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
    const assertion = signedAssertion(pair.privateKey, { iss: "robot", audience: "token-endpoint" });
    const form = await formOf((settings) => new JwtBearerAuthenticator({ ...settings, assertion }), "assertion");
    return `${form.split(" ")[1]?.split(".").length} parts`;
  },
  "./grant/token-exchange": async () => {
    const { TokenExchangeAuthenticator } = await import("@m2m/authenticator/grant/token-exchange");
    return await formOf(
      (settings) => new TokenExchangeAuthenticator({ ...settings, subjectToken: "a-token" }),
      "subject_token",
    );
  },
  "./revocation": async () => {
    const { tokenRevocation } = await import("@m2m/authenticator/revocation");
    const { ClientCredentialsAuthenticator, StaticClientConfigStore } = await import("@m2m/authenticator");
    let given = "";
    const authenticator = new ClientCredentialsAuthenticator({
      endpoint: "https://api.example.com",
      clientId: "my-client",
      clientSecret: "my-secret",
      configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/token" }),
      revocation: tokenRevocation({ endpoint: "https://auth.example.com/revoke" }),
      fetch: (input, init) => {
        if (String(input).endsWith("/revoke")) given = String(init?.body);
        return Promise.resolve(Response.json({ access_token: "t" }));
      },
    });
    await authenticator.getCredentials();
    await authenticator.close();
    return given;
  },
  "./transport/bun": async ({ url, deadProxy }) => {
    const { bunTransport } = await import("@m2m/authenticator/transport/bun");
    return await answerBy(bunTransport({ httpProxyUrl: deadProxy }), url);
  },
  "./transport/deno": async ({ url, deadProxy }) => {
    const { denoTransport } = await import("@m2m/authenticator/transport/deno");
    return await answerBy(denoTransport({ httpProxyUrl: deadProxy }), url);
  },
  "./transport/node": async ({ url, deadProxy }) => {
    const { nodeTransport } = await import("@m2m/authenticator/transport/node");
    return await answerBy(nodeTransport({ httpProxyUrl: deadProxy }), url);
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

async function parametersOf(clientAuth: ClientAuth): Promise<string> {
  let sent = new URLSearchParams();
  await getToken("https://auth.example.com/token", {
    clientId: "my-client",
    clientAuth,
    fetch: (_input, init) => {
      sent = new URLSearchParams(String(init?.body));
      return Promise.resolve(Response.json({ access_token: "t", token_type: "Bearer" }));
    },
  });
  return `${sent.get("client_assertion")?.split(".").length} parts`;
}

/** The grant of a request, and one of its parameters. */
async function formOf(
  make: (settings: Pick<GrantOptions, "endpoint" | "configStore" | "fetch">) => Authenticator,
  name: string,
): Promise<string> {
  const { StaticClientConfigStore } = await import("@m2m/authenticator");
  let sent = new URLSearchParams();
  const authenticator = make({
    endpoint: "https://api.example.com",
    configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/token" }),
    fetch: (_input, init) => {
      sent = new URLSearchParams(String(init?.body));
      return Promise.resolve(Response.json({ access_token: "t" }));
    },
  });
  await authenticator.getCredentials();
  return `${sent.get("grant_type")} ${sent.get(name)}`;
}

async function answerBy(
  transport: { fetch(url: string): Promise<Response>; close(): Promise<void> },
  url: string,
): Promise<string> {
  try {
    const response = await transport.fetch(url);
    return `went past the proxy: ${await response.text()}`;
  } finally {
    await transport.close().catch(() => {});
  }
}

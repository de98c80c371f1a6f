/**
 * Uses every export of the package, on any runtime. A failure is a result, which begins with `failed: `.
 *
 * @module
 */

import {
  type Authenticator,
  type ClientAuth,
  type ClientConfigStore,
  ClientCredentialsAuthenticator,
  Credentials,
  getToken,
  type GrantOptions,
  GrantType,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { amqpCredentials } from "@m2m/authenticator/adapters/amqp";
import { oauthBearerProvider } from "@m2m/authenticator/adapters/kafka";
import { mcpAuthProvider } from "@m2m/authenticator/adapters/mcp";
import { keepPasswordFresh } from "@m2m/authenticator/adapters/mqtt";
import { authenticateAxios, type AxiosClient } from "@m2m/authenticator/adapters/axios";
import { azureCredential } from "@m2m/authenticator/adapters/azure";
import { authenticateElasticsearch } from "@m2m/authenticator/adapters/elasticsearch";
import { gotHooks } from "@m2m/authenticator/adapters/got";
import { authenticateSmithy } from "@m2m/authenticator/adapters/smithy";
import { undiciInterceptor } from "@m2m/authenticator/adapters/undici";
import { graphqlWsOptions } from "@m2m/authenticator/adapters/graphql-ws";
import { grpcCallCredentials, type GrpcMetadataGenerator } from "@m2m/authenticator/adapters/grpc";
import { redisCredentials } from "@m2m/authenticator/adapters/redis";
import { reconnectingWebSocket, type WebSocketLike } from "@m2m/authenticator/adapters/websocket";
import { oauthBearerResponse } from "@m2m/authenticator/adapters/xoauth2";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { rotatingKeys } from "@m2m/authenticator/client-auth/rotating-keys";
import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
import { selfSignedTlsClientAuth, tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { clientMetadata } from "@m2m/authenticator/client-metadata";
import { ChainClientConfigStore } from "@m2m/authenticator/config-store/chain";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { authenticatorFromFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { diagnose } from "@m2m/authenticator/doctor";
import { dpop } from "@m2m/authenticator/dpop";
import { IdentityAssertionAuthenticator } from "@m2m/authenticator/grant/identity-assertion";
import { fapi2 } from "@m2m/authenticator/fapi2";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { stepUp } from "@m2m/authenticator/scope-step-up";
import { openTelemetry, type OpenTelemetryOptions } from "@m2m/authenticator/telemetry/opentelemetry";
import { testServers } from "@m2m/authenticator/testing";
import { sharedTokens } from "@m2m/authenticator/token-store";
import { cloudflareKvTokenStore } from "@m2m/authenticator/token-store/cloudflare-kv";
import { storeCases, type TokenStore } from "@m2m/authenticator/token-store/conformance";
import { type DenoKvClient, denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
import { durableObjectTokenStore, TokenStoreObject } from "@m2m/authenticator/token-store/durable-object";
import { etcdTokenStore } from "@m2m/authenticator/token-store/etcd";
import { fileTokenStore } from "@m2m/authenticator/token-store/file";
import { indexedDbTokenStore } from "@m2m/authenticator/token-store/indexed-db";
import { redisTokenStore } from "@m2m/authenticator/token-store/redis";
import { sealed } from "@m2m/authenticator/token-store/sealed";
import { sqlTokenStore } from "@m2m/authenticator/token-store/sql";
import { webCacheTokenStore } from "@m2m/authenticator/token-store/web-cache";
import { workloadIdentity } from "@m2m/authenticator/workload";
import { awsToken } from "@m2m/authenticator/workload/aws";
import { azureToken } from "@m2m/authenticator/workload/azure";
import { flyToken } from "@m2m/authenticator/workload/fly";
import { gcpToken } from "@m2m/authenticator/workload/gcp";
import { githubActionsToken } from "@m2m/authenticator/workload/github-actions";
import { gitlabCiToken } from "@m2m/authenticator/workload/gitlab-ci";
import { kubernetesToken } from "@m2m/authenticator/workload/kubernetes";
import { spiffeToken } from "@m2m/authenticator/workload/spiffe";
import { vercelToken } from "@m2m/authenticator/workload/vercel";

/** The uses' input, which is also a worker's `env`. */
export interface ProbeInput {
  /** A server. */
  readonly url: string;
  /** A proxy that isn't listening. */
  readonly httpProxyUrl: string;
  /** The path of a file with `a-secret` in it. */
  readonly secretFile: string;
}

/** The runtimes: workerd before and after it had Node's modules. */
export type RuntimeName = "Deno" | "Bun" | "Node" | "workerd of 2024" | "workerd of 2026";

type Use = (input: ProbeInput) => unknown;
/** A use of an export, its result where it is supported, and its results elsewhere. */
type ExportCase = readonly [use: Use, works: string | RegExp, refuses?: Partial<Record<RuntimeName, RegExp>>];

const endpoint = "https://api.example.com";
const issuer = "https://auth.example.com";
const tokenEndpoint = `${issuer}/token`;
const configStore = new StaticClientConfigStore({ tokenEndpoint });

const flyteConfig = "admin: { endpoint: flyte.example.com, clientId: id, clientSecretLocation: /secret }";

/** A transport that uses the proxy, which isn't listening. */
const usesProxy = /^failed: proxy_failed: /;
const needsBun = /^failed: .*\bBun\b/;
const needsDeno = /^failed: .*\bDeno\b/;
const noNodeModule = /^failed: Error: .*"node:/;
const jwt = `eyJhbGciOiJSUzI1NiJ9.${btoa(`{"aud":"${issuer}"}`).replaceAll("=", "")}.c2ln`;
/** A platform, which answers the same to everything. */
const answer = (text: string) => () =>
  Promise.resolve(new Response(text, { headers: { "metadata-flavor": "Google" } }));
const noJwt = /^failed: client_auth_unavailable: .*something else than a JWT/;
const noFile = {
  "workerd of 2024": /^failed: client_auth_unavailable: .*\bruntime\b/,
  "workerd of 2026": /^failed: client_auth_unavailable: .*\(ENOENT\)/,
};
const onWorkerd = (pattern: RegExp) => ({ "workerd of 2024": pattern, "workerd of 2026": pattern });

/** The exports and their uses. Transports are imported in these, for some runtimes can't load them. */
export const exportCases: Readonly<Record<string, ExportCase>> = {
  ".": [
    () => `${GrantType.CLIENT_CREDS} ${new Credentials({ accessToken: "t" }).tokenType}`,
    "client_credentials Bearer",
  ],
  "./adapters/amqp": [async () => (await amqpCredentials(makeClient())).mechanism, "PLAIN"],
  "./adapters/axios": [() => {
    const used: string[] = [];
    const interceptors = (name: string) => ({ use: () => used.push(name), eject: () => {} });
    const client = { interceptors: { request: interceptors("request"), response: interceptors("response") } };
    authenticateAxios({ ...client, getUri: () => endpoint, create: () => {} } as AxiosClient, makeClient());
    return used.join();
  }, "request,response"],
  "./adapters/azure": [async () => (await azureCredential(makeClient()).getToken([])).token, "t"],
  "./adapters/elasticsearch": [() => {
    const Connection = class {
      readonly url = new URL(endpoint);
      readonly headers = {};
      request = () => Promise.resolve();
    };
    return new (authenticateElasticsearch(Connection, makeClient()))().url.origin;
  }, endpoint],
  "./adapters/got": [async () => {
    const call = { url: endpoint, headers: {} as Record<string, string>, context: {} };
    await gotHooks(makeClient()).hooks.beforeRequest[0]!(call);
    return call.headers["authorization"];
  }, "Bearer t"],
  "./adapters/smithy": [async () => {
    const handle = ({ headers }: { headers: Record<string, string> }) =>
      Promise.resolve({ response: { statusCode: 200, headers } });
    const request = { protocol: "https:", hostname: "api.example.com", headers: {} };
    return (await authenticateSmithy({ handle }, makeClient()).handle(request)).response.headers["authorization"];
  }, "Bearer t"],
  "./adapters/undici": [() =>
    new Promise((resolve) => {
      const dispatch = undiciInterceptor(makeClient())(({ headers }) => (resolve(headers.join(": ")), true));
      dispatch({ origin: endpoint }, {});
    }), "authorization: Bearer t"],
  "./adapters/mcp": [async () => await mcpAuthProvider(makeClient()).token(), "t"],
  "./adapters/graphql-ws": [async () => {
    const { connectionParams } = graphqlWsOptions(new ClientCredentialsAuthenticator(probeOptions()));
    const { authorization } = await connectionParams();
    return authorization;
  }, "Bearer t"],
  "./adapters/grpc": [() => {
    const createFromMetadataGenerator = (generate: GrpcMetadataGenerator<Map<string, string>>) =>
      new Promise((resolve) =>
        generate({ service_url: `${endpoint}/a.B` }, (_, metadata) => resolve(metadata?.get("authorization")))
      );
    const grpc = { Metadata: Map<string, string>, credentials: { createFromMetadataGenerator } };
    return grpcCallCredentials(new ClientCredentialsAuthenticator(probeOptions()), grpc);
  }, "Bearer t"],
  "./adapters/kafka": [async () => (await oauthBearerProvider(makeClient())()).value, "t"],
  "./adapters/mqtt": [() => {
    const heard: string[] = [];
    const on = (event: string) => heard.push(event);
    const state = { connected: false, incomingStore: {}, outgoingStore: {}, stream: {} };
    const authenticator = makeClient();
    keepPasswordFresh({ ...state, options: {}, reconnect() {}, on, removeListener() {} }, authenticator)();
    return authenticator.close().then(() => heard.join());
  }, "connect,end,error"],
  "./adapters/redis": [async () => {
    const provider = redisCredentials(new ClientCredentialsAuthenticator(probeOptions()), { username: "default" });
    const [{ username, password }, subscription] = await provider.subscribe({ onNext() {}, onError() {} });
    subscription.dispose();
    return `${username} ${password}`;
  }, "default t"],
  "./adapters/websocket": [async () => {
    const socket: WebSocketLike = { readyState: 1, send() {}, addEventListener() {}, close() {} };
    const opened: string[] = [];
    const connect = (url: string, { accessToken }: Credentials) => (opened.push(`${url} ${accessToken}`), socket);
    const authenticator = new ClientCredentialsAuthenticator(probeOptions());
    return await new Promise((resolve) => {
      const onOpen = () => resolve(opened.join());
      reconnectingWebSocket(authenticator, "/events", { connect, onOpen });
    }).finally(() => authenticator.close());
  }, "wss://api.example.com/events t"],
  "./adapters/xoauth2": [() => atob(oauthBearerResponse("t")), "n,,\x01auth=Bearer t\x01\x01"],
  // Not in a worker's bundle: a command line is for runtimes with files and processes.
  "./cli": [async () => typeof (await import(["@m2m/authenticator", "cli"].join("/"))).main, "function", {
    ...onWorkerd(/^failed: Error: .*No such module/),
  }],
  "./config-store/chain": [() => findTokenEndpoint(new ChainClientConfigStore([configStore])), tokenEndpoint],
  "./config-store/discovery": [
    () => findTokenEndpoint(new DiscoveryClientConfigStore(issuer, publish({ token_endpoint: tokenEndpoint }))),
    tokenEndpoint,
  ],
  "./config-store/env": [() => authenticatorFromEnv().constructor.name, "ClientCredentialsAuthenticator", {
    "workerd of 2024": /^failed: invalid_config: .*\benv\b/,
  }],
  "./config-store/flyte": [
    () => findTokenEndpoint(new FlyteClientConfigStore("flyte.example.com", publish({ tokenEndpoint }))),
    tokenEndpoint,
  ],
  "./config-store/flyte-config-file": [
    () => authenticatorFromFlyteConfig(flyteConfig).constructor.name,
    "ClientCredentialsAuthenticator",
  ],
  "./config-store/protected-resource": [() => {
    const resource = `${endpoint}/mcp`;
    const options = publish({ resource, authorization_servers: [issuer], token_endpoint: tokenEndpoint });
    return findTokenEndpoint(new ProtectedResourceClientConfigStore(resource, { issuer, ...options }));
  }, tokenEndpoint],
  "./client-auth/client-assertion": [() => sendAssertion(clientAssertion(() => "a.b.c")), "3 parts"],
  "./client-auth/client-secret-jwt": [
    () => sendAssertion(clientSecretJwt("a-secret-of-at-least-thirty-two-bytes")),
    "3 parts",
  ],
  "./client-auth/rotating-keys": [
    async () => sendAssertion(privateKeyJwt(rotatingKeys([await generateKey(), await generateKey()]))),
    "3 parts",
  ],
  "./client-auth/rotating-secrets": [() => rotatingSecrets(["a-secret", "an-old-one"])(), "a-secret"],
  "./client-auth/private-key-jwt": [async () => sendAssertion(privateKeyJwt(await generateKey())), "3 parts"],
  "./client-auth/secret-file": [(input) => secretFile(input.secretFile)(), "a-secret", {
    "workerd of 2024": /^failed: client_auth_unavailable: .*\bruntime\b/,
    "workerd of 2026": /^failed: client_auth_unavailable: .*\(ENOENT\)/,
  }],
  "./client-auth/tls": [
    () => `${tlsClientAuth().method} ${selfSignedTlsClientAuth().method}`,
    "tls_client_auth self_signed_tls_client_auth",
  ],
  "./client-metadata": [async () => {
    const handle = clientMetadata({ clientId: `${endpoint}/client`, keys: [{ key: await generateKey(), kid: "1" }] });
    const { jwks_uri } = await (await handle(new Request(`${endpoint}/client`))).json();
    const { keys: [{ kty, kid, d = "public" }] } = await (await handle(new Request(jwks_uri))).json();
    return [kty, kid, d].join();
  }, "EC,1,public"],
  "./doctor": [async () => {
    const client = { clientId: "my-client", clientSecret: "my-secret\n", configStore, ...recordForms() };
    return (await diagnose({ endpoint, ...client })).checks.find(({ code }) => code)?.code;
  }, "secret_has_blank"],
  "./dpop": [async () => {
    const proofs = dpop();
    const sent: string[] = [];
    const fetch = (_input: unknown, init?: RequestInit) => {
      const [, claims = ""] = new Headers(init?.headers).get("dpop")?.split(".") ?? [];
      const { htm, ath } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
      sent.push(ath ? `${htm} with ath` : htm);
      return Promise.resolve(new Response());
    };
    await proofs.tokenFetch(fetch)(tokenEndpoint, { method: "POST" });
    await proofs.apiFetch(fetch)(endpoint, { headers: { authorization: "DPoP t" } });
    return sent.join(", ");
  }, "POST, GET with ath"],
  "./grant/identity-assertion": [async () => {
    const issued_token_type = "urn:ietf:params:oauth:token-type:id-jag";
    const fetch = () => Promise.resolve(Response.json({ access_token: "a.b.c", token_type: "N_A", issued_token_type }));
    const identityProvider = { configStore, audience: issuer, fetch };
    return await sendGrant((settings) =>
      new IdentityAssertionAuthenticator({ ...settings, identityProvider, subjectToken: "a-token" })
    );
  }, "urn:ietf:params:oauth:grant-type:jwt-bearer a.b.c"],
  "./fapi2": [async () => {
    const configStore = new DiscoveryClientConfigStore(issuer);
    return sendAssertion(fapi2({ key: await generateKey(), dpop: dpop(), configStore }).clientAuth);
  }, "3 parts"],
  "./grant/jwt-bearer": [
    () => sendGrant((settings) => new JwtBearerAuthenticator({ ...settings, assertion: () => "a.b.c" })),
    "urn:ietf:params:oauth:grant-type:jwt-bearer a.b.c",
  ],
  "./grant/signed-assertion": [async () => {
    const assertion = signedAssertion(await generateKey(), { iss: "robot", audience: "token-endpoint" });
    return await sendGrant((settings) => new JwtBearerAuthenticator({ ...settings, assertion }));
  }, /^urn:ietf:params:oauth:grant-type:jwt-bearer [\w-]+\.[\w-]+\.[\w-]+$/],
  "./grant/token-exchange": [
    () => sendGrant((settings) => new TokenExchangeAuthenticator({ ...settings, subjectToken: "a-token" })),
    "urn:ietf:params:oauth:grant-type:token-exchange a-token",
  ],
  "./revocation": [async () => {
    const { forms, fetch } = recordForms();
    const revocation = tokenRevocation({ endpoint: `${issuer}/revoke` });
    const client = { clientId: "my-client", clientSecret: "my-secret" };
    const authenticator = new ClientCredentialsAuthenticator({ endpoint, ...client, configStore, revocation, fetch });
    await authenticator.getCredentials();
    await authenticator.close();
    return forms[1];
  }, "token=t&token_type_hint=access_token"],
  "./scope-step-up": [async () => {
    const challenge = { "www-authenticate": 'Bearer error="insufficient_scope", scope="b"' };
    const { fetch: send, forms } = recordForms();
    const fetch: typeof send = async (input, init) =>
      /token/.test(String(input)) ? await send(input, init) : new Response(null, { status: 403, headers: challenge });
    const authenticator = new ClientCredentialsAuthenticator({ ...probeOptions(), scopes: ["a"], fetch });
    await stepUp(authenticator)("/");
    return forms[1];
  }, "grant_type=client_credentials&scope=a+b"],
  "./telemetry/opentelemetry": [async () => {
    const started: string[] = [];
    const span = { setAttributes() {}, setStatus() {}, end() {} };
    const tracer = { startSpan: (name: string) => (started.push(name), span) };
    const onEvent = openTelemetry({ tracerProvider: { getTracer: () => tracer } } as unknown as OpenTelemetryOptions);
    const client = { clientId: "my-client", clientSecret: "my-secret", configStore, onEvent, ...recordForms() };
    await new ClientCredentialsAuthenticator({ endpoint, ...client }).getCredentials();
    return started.join();
  }, "m2m.token.request"],
  "./testing": [async () => {
    const kit = testServers({ tokens: "jwt" });
    const authenticator = new ClientCredentialsAuthenticator(kit.options);
    const { status } = await authenticator.fetch("/v1/projects");
    kit.assertTokenRequests(1);
    return `${status}, with ${kit.authorizationServer.tokenRequests[0]}`;
  }, "200, with POST /oauth/token (client_credentials) → 200"],
  "./token-store": [async () => {
    const tokenStore = sharedTokens(cloudflareKvTokenStore(recordKv()));
    const client = { clientId: "my-client", clientSecret: "my-secret", ...recordForms() };
    const make = () => new ClientCredentialsAuthenticator({ endpoint, ...client, configStore, tokenStore });
    await Promise.all([await make().ready(), await make().ready()]);
    return `${client.forms.length} token request`;
  }, "1 token request"],
  "./token-store/cloudflare-kv": [() => readBack(cloudflareKvTokenStore(recordKv())), "a-token"],
  "./token-store/conformance": [async () => {
    const [first] = storeCases(cloudflareKvTokenStore(recordKv()), { endsValues: false });
    await first!.run();
    return first!.name;
  }, /^get: /],
  "./token-store/deno-kv": [() => {
    const kv = { get: () => Promise.resolve({ value: "a-token", versionstamp: "1" }), atomic: () => ({}) };
    return read(denoKvTokenStore(kv as unknown as DenoKvClient));
  }, "a-token"],
  "./token-store/durable-object": [() => {
    const values = new Map<string, unknown>();
    const [get, setAlarm] = [(key: string) => Promise.resolve(values.get(key)), () => Promise.resolve()];
    const put = (key: string, value: unknown) => Promise.resolve(void values.set(key, value));
    const object = new TokenStoreObject({ storage: { get, put, setAlarm, deleteAll: setAlarm } });
    const fetch = (url: string, { method, body }: { method: string; body: string }) =>
      object.fetch(new Request(url, { method, body }));
    return readBack(durableObjectTokenStore({ idFromName: (name) => name, get: () => ({ fetch }) }));
  }, "a-token"],
  "./token-store/etcd": [() => {
    const kvs = [{ value: btoa("a-token"), lease: "1" }];
    return read(etcdTokenStore({ url: issuer, fetch: () => Promise.resolve(Response.json({ kvs })) }));
  }, "a-token"],
  "./token-store/file": [({ secretFile }) => read(fileTokenStore(`${secretFile}-tokens`)), "undefined", {
    "workerd of 2024": /^failed: invalid_config: .*\bruntime\b/,
  }],
  "./token-store/indexed-db": [
    () => typeof indexedDbTokenStore({ indexedDB: { open: () => {} } }).lease,
    "object",
  ],
  "./token-store/redis": [() => read(redisTokenStore({ send: () => Promise.resolve("5:a-token") })), "a-token"],
  "./token-store/sealed": [() => {
    const key = crypto.getRandomValues(new Uint8Array(32));
    return readBack(sealed(cloudflareKvTokenStore(recordKv()), { id: "1", key }));
  }, "a-token"],
  "./token-store/sql": [
    () => read(sqlTokenStore(() => [{ value: "a-token", remaining: 1 }], { dialect: "sqlite" })),
    "a-token",
  ],
  "./token-store/web-cache": [() => {
    const cached = new Map<string, Response>();
    const put = (url: string, response: Response) => Promise.resolve(void cached.set(url, response));
    const match = (url: string) => Promise.resolve(cached.get(url)?.clone());
    return readBack(webCacheTokenStore({ put, match, delete: () => Promise.resolve(true) }));
  }, "a-token"],
  "./transport/bun": [
    async ({ url, httpProxyUrl }) => {
      const { bunTransport } = await import("@m2m/authenticator/transport/bun");
      return await fetchBy(bunTransport({ httpProxyUrl }), url);
    },
    usesProxy,
    { "Deno": needsBun, "Node": needsBun, ...onWorkerd(needsBun) },
  ],
  "./transport/deno": [
    async ({ url, httpProxyUrl }) => {
      const { denoTransport } = await import("@m2m/authenticator/transport/deno");
      return await fetchBy(denoTransport({ httpProxyUrl }), url);
    },
    usesProxy,
    { "Bun": needsDeno, "Node": needsDeno, ...onWorkerd(needsDeno) },
  ],
  // Deno runs undici as Node does.
  "./transport/node": [
    async ({ url, httpProxyUrl }) => {
      const { nodeTransport } = await import("@m2m/authenticator/transport/node");
      return await fetchBy(nodeTransport({ httpProxyUrl }), url);
    },
    usesProxy,
    { "Bun": /^failed: .*\bNode\b/, ...onWorkerd(noNodeModule) },
  ],
  "./workload": [() => workloadIdentity({ audience: issuer, env: { VERCEL_OIDC_TOKEN: jwt } }).platform, "vercel"],
  "./workload/aws": [() => {
    const env = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" };
    return awsToken({ audience: issuer, env, fetch: answer(`<WebIdentityToken>${jwt}</WebIdentityToken>`) })();
  }, jwt],
  "./workload/azure": [() => {
    return azureToken({ audience: issuer, source: "imds", fetch: answer(`{"access_token":"${jwt}"}`) })();
  }, jwt],
  "./workload/fly": [() => flyToken({ audience: issuer, fetch: answer(jwt) })(), jwt],
  "./workload/gcp": [() => gcpToken({ audience: issuer, fetch: answer(jwt) })(), jwt],
  "./workload/github-actions": [() => {
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: issuer, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "token" };
    return githubActionsToken({ audience: issuer, env, fetch: answer(`{"value":"${jwt}"}`) })();
  }, jwt],
  "./workload/gitlab-ci": [() => gitlabCiToken({ variable: "TOKEN", env: { TOKEN: jwt } })(), jwt],
  "./workload/kubernetes": [({ secretFile }) => kubernetesToken({ path: secretFile })(), noJwt, noFile],
  "./workload/spiffe": [({ secretFile }) => spiffeToken({ path: secretFile })(), noJwt, noFile],
  "./workload/vercel": [() => vercelToken({ env: { VERCEL_OIDC_TOKEN: jwt } })(), jwt],
};

/** Uses every export; returns the results by export. */
export async function main(input: ProbeInput): Promise<Record<string, string>> {
  const output: Record<string, string> = {};
  for (const [name, [use]] of Object.entries(exportCases)) {
    try {
      output[name] = String(await use(input));
    } catch (error) {
      const { code, name: kind, message } = error as Error & { code?: string };
      output[name] = `failed: ${code ?? kind}: ${message}`;
    }
  }
  return output;
}

/** The part of an authenticator that adapters use. */
const standIn = {
  credentials: new Credentials({ accessToken: "a-token" }),
  getCredentials: () => Promise.resolve(standIn.credentials),
  refreshCredentials: () => Promise.resolve(standIn.credentials),
  onToken(listener: (credentials: Credentials) => unknown) {
    listener(standIn.credentials);
    return () => {};
  },
};

async function generateKey(): Promise<CryptoKey> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  return (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair).privateKey;
}

/** A server that records the forms of its requests. */
function recordForms() {
  const forms: URLSearchParams[] = [];
  const fetch = (_input: RequestInfo | URL, init?: RequestInit) => {
    forms.push(new URLSearchParams(String(init?.body)));
    return Promise.resolve(Response.json({ access_token: "t", token_type: "Bearer" }));
  };
  return { forms, fetch };
}

/** An authenticator whose tokens are "t". */
function makeClient(): ClientCredentialsAuthenticator {
  const { fetch } = recordForms();
  return new ClientCredentialsAuthenticator({ endpoint, clientId: "id", clientSecret: "a-secret", configStore, fetch });
}

/** The options of an authenticator whose token is `t`. */
function probeOptions() {
  return { endpoint, clientId: "my-client", clientSecret: "my-secret", configStore, fetch: recordForms().fetch };
}

/** A namespace of Workers KV. */
function recordKv() {
  const values = new Map<string, string>();
  const get = (key: string) => Promise.resolve(values.get(key) ?? null);
  const put = (key: string, value: string) => Promise.resolve(void values.set(key, value));
  return { get, put, delete: (key: string) => Promise.resolve(void values.delete(key)) };
}

async function read(store: TokenStore): Promise<string | undefined> {
  const { signal } = new AbortController();
  return (await store.get("key", { signal }))?.value;
}

async function readBack(store: TokenStore): Promise<string | undefined> {
  const { signal } = new AbortController();
  await store.set("key", "a-token", { lifetime: 60_000, signal });
  return await read(store);
}

/** Gets a token by a method; tells the form of its assertion. */
async function sendAssertion(clientAuth: ClientAuth): Promise<string> {
  const { forms, fetch } = recordForms();
  await getToken(tokenEndpoint, { issuer, clientId: "my-client", clientAuth, fetch });
  return `${forms[0]?.get("client_assertion")?.split(".").length} parts`;
}

type Settings = Pick<GrantOptions, "endpoint" | "configStore" | "fetch">;

/** Gets a token by a grant; tells the grant, and the token that it sends. */
async function sendGrant(make: (settings: Settings) => Authenticator): Promise<string> {
  const { forms, fetch } = recordForms();
  await make({ endpoint, configStore, fetch }).getCredentials();
  const [form] = forms;
  return `${form?.get("grant_type")} ${form?.get("assertion") ?? form?.get("subject_token")}`;
}

async function findTokenEndpoint(store: ClientConfigStore): Promise<string> {
  return String((await store.getClientConfig()).tokenEndpoint);
}

/** The metadata that a config store's server publishes. */
function publish(metadata: object) {
  return { fetch: () => Promise.resolve(Response.json({ issuer, ...metadata })) };
}

async function fetchBy(transport: { fetch: typeof fetch; close(): Promise<void> }, url: string): Promise<string> {
  try {
    return `without the proxy: ${await (await transport.fetch(url)).text()}`;
  } finally {
    await transport.close().catch(() => {});
  }
}

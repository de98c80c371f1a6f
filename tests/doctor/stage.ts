/**
 * The servers of all set-ups, on loopback: authorization servers, APIs, gateways, proxies, and ports that don't answer.
 *
 * @module
 */

import { type AuthorizationServerOptions, startAuthorizationServer } from "../servers/authorization_server.ts";
import { type TestKey, testKey } from "../client_auth/signing_keys.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { closedPort, startFaultServer, unusedPorts } from "../servers/fault_server.ts";
import { startBetterAuth } from "../servers/better_auth.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";
import { host } from "../servers/loopback.ts";
import { startMtlsProtectedApi } from "../servers/mtls_protected_api.ts";
import { type ProtectedApiOptions, startProtectedApi } from "../servers/protected_api.ts";
import { startProxy } from "../servers/proxy.ts";
import { certificateAuthority, certify, type KeyPair } from "../servers/tls_certificates.ts";
import { startTlsServer } from "../servers/tls_server.ts";
import { startFieldServer } from "./field_server.ts";
import { makeGateway } from "./gateway.ts";

/** Planted, so that a test can look for it. */
export const secret = "planted7secret7of7my7client7that7is7long7enough7for7HMAC";
/** Another, which Basic in form encoding changes. */
export const specialSecret = "planted/secret+with=special:characters";
export const wrongSecret = "planted7but7wrong";
export const proxyPassword = "planted7password";

export type Stage = Awaited<ReturnType<typeof setStage>>;

/** Starts all of it; `hasNginx` says whether gateways run as well. */
export async function setStage(hasNginx: boolean) {
  await using stack = new AsyncDisposableStack();
  const keys = { mine: await testKey("ES256"), other: await testKey("ES256", "other"), rsa: await testKey("RS256") };
  // Those that expire soon are remarked upon.
  const expiresIn = 90 * 24 * 3_600_000;
  const [ours, others] = [
    await certificateAuthority("Our CA", expiresIn),
    await certificateAuthority("Another CA", expiresIn),
  ];
  const intermediate = await certificateAuthority("Our intermediate CA", expiresIn, ours.own);
  const server = { subject: "server", expiresIn, hosts: ["localhost"], addresses: [host] };
  const clientOptions = { subject: "my-client", expiresIn, usage: "client" } as const;
  const certificates = {
    good: await ours.issue(server),
    expired: await ours.issue({ ...server, expiresIn: -60_000 }),
    misnamed: await ours.issue({ subject: "other", expiresIn, hosts: ["auth.example.com"] }),
    untrusted: await others.issue(server),
    incomplete: await intermediate.issue(server),
    selfSigned: await certify(server),
    client: await ours.issue(clientOptions),
    otherClient: await others.issue(clientOptions),
  };

  const byKey = (client_id: string, key: TestKey) => ({
    client_id,
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: key.alg,
    jwks: { keys: [key.publicJwk] },
  });
  const clients = [
    { client_id: "my-client", client_secret: secret },
    { client_id: "narrow", client_secret: secret, scope: "api:read" },
    { client_id: "by-post", client_secret: secret, token_endpoint_auth_method: "client_secret_post" },
    { client_id: "by-jwt", client_secret: secret, token_endpoint_auth_method: "client_secret_jwt" },
    { client_id: "no-grant", client_secret: secret, grant_types: [] },
    { client_id: "bound", client_secret: secret, dpop_bound_access_tokens: true },
    byKey("by-key", keys.mine),
    byKey("other-by-key", keys.other),
  ];
  const authorize = async (options: Partial<AuthorizationServerOptions> = {}) =>
    stack.use(await startAuthorizationServer({ clients, scopes: ["api:read", "api:write"], ...options }));
  const main = await authorize();
  const strict = await authorize({ audiences: ["https://api.example.com"] });
  const nonces = await authorize({ dpop: { nonces: true } });
  const opaque = await authorize({ opaqueTokens: true });
  const brief = await authorize({ lifetime: 20 });
  const mutual = await authorize({
    clients: [{
      client_id: "by-certificate",
      token_endpoint_auth_method: "tls_client_auth",
      tls_client_auth_subject_dn: "CN=my-client",
      tls_client_certificate_bound_access_tokens: true,
    }],
    mutualTls: { certificate: certificates.good, clientAuthority: ours.pem },
  });

  const known = { clientSecret: secret, clientCredentialsScopes: ["api:read"] };
  const better = stack.use(startBetterAuth([
    { clientId: "my-client", ...known },
    { clientId: "special", ...known, clientSecret: specialSecret },
    { clientId: "without-scopes", ...known, clientCredentialsScopes: [] },
    { clientId: "by-post", ...known, tokenEndpointAuthMethod: "client_secret_post" },
    {
      clientId: "by-key",
      clientCredentialsScopes: ["api:read"],
      tokenEndpointAuthMethod: "private_key_jwt",
      jwks: JSON.stringify({ keys: [keys.mine.publicJwk] }),
    },
  ]));
  const limited = stack.use(startBetterAuth([{ clientId: "my-client", ...known }], 1));
  // It takes none more for a minute.
  await (await fetch(limited.tokenEndpoint, { method: "POST" })).text();

  const protect = (options: Partial<ProtectedApiOptions> = {}) =>
    stack.use(startProtectedApi({ ...main, ...options })).origin;
  const apis = {
    plain: protect(),
    brief: protect({ ...brief }),
    /** Verifies proofs. */
    dpop: protect({ dpop: new DpopVerifier() }),
    /** Believes to be elsewhere, as behind a gateway that doesn't tell. */
    dpopElsewhere: protect({ dpop: new DpopVerifier({ origin: "https://api.example.com" }) }),
    nonces: protect({ ...nonces, dpop: new DpopVerifier({ nonce: "first" }) }),
    flyte: protect({ headerKey: "flyte-authorization" }),
    elsewhere: protect({ audience: "https://other.example.com" }),
    ofAnotherIssuer: protect({ issuer: "https://other.example.com" }),
    admin: protect({ scope: "api:admin" }),
    ofOpaque: protect({ ...opaque }),
    mutual: stack.use(
      await startMtlsProtectedApi({ ...mutual, certificate: certificates.good, authority: ours.pem }),
    ).origin,
  };
  const field = stack.use(startFieldServer({ id: "my-client", secret }));
  const special = stack.use(startFieldServer({ id: "my-client", secret: specialSecret }));
  const tls = stack.use(await startTlsServer({ certificate: certificates.good, clientAuthority: ours.pem }));
  const proxies = {
    open: stack.use(await startProxy()).url,
    dead: `http://${host}:${await closedPort(unusedPorts)}`,
    locked: stack.use(await startProxy({ credentials: `me:${proxyPassword}` })).url,
    refusing: stack.use(await startProxy({ refuseWith: 403 })).url,
  };
  const closed = `http://${host}:${await closedPort(unusedPorts)}`;
  const places = { main: main.issuer, closed };
  const gateway = hasNginx ? stack.use(await makeGateway({ places, certificates, authority: ours.pem })) : undefined;
  // Tokens for what the gateway shows are verified behind it.
  if (gateway) {
    stack.use(startProtectedApi({ ...main, audience: gateway.audience, port: gateway.apiPort }));
  }
  const folder = stack.use(await temporaryFolder("stage_"));
  const authorityFile = `${folder.path}/authority.pem`;
  await Deno.writeTextFile(authorityFile, ours.pem);
  const started = {
    ...{ keys, certificates, authority: ours.pem, authorityFile, apis, proxies, closed, gateway },
    servers: { main, strict, nonces, opaque, brief, mutual, better, limited },
    field: field.origin,
    special: special.origin,
    tls: tls.origin,
    blocked: stack.use(await blockPort()).origin,
    resetting: stack.use(await startFaultServer({ steps: ["reset"], unread: true })).origin,
    silent: stack.use(listenSilently()).origin,
    six: stack.use(listenOnSix(await closedPort(unusedPorts))).origin,
  };
  /** Strings that must not be shown. */
  const secrets = [
    "planted",
    ...[keys.mine, keys.other, keys.rsa].flatMap((key) => key.secrets),
    ...Object.values(certificates).flatMap(({ key }: KeyPair) => key.split("\n").filter((line) => line.length === 64)),
    ...[secret, specialSecret, wrongSecret].flatMap((
      each,
    ) => [each, ...["my-client", "narrow"].map((it) => btoa(`${it}:${each}`))]),
  ];
  return Object.assign(stack.move(), started, { secrets });
}

/** A port whose queue is full: connections aren't answered, as by a firewall. */
async function blockPort() {
  const listener = Deno.listen({ hostname: host, port: 0, tcpBacklog: 0 });
  const { port } = listener.addr;
  const kept: Deno.Conn[] = [];
  for (let isFull = false; !isFull;) {
    const connecting = new AbortController();
    const timer = setTimeout(() => connecting.abort(), 300);
    try {
      kept.push(await Deno.connect({ hostname: host, port, signal: connecting.signal }));
    } catch {
      isFull = true;
    }
    clearTimeout(timer);
  }
  return {
    origin: `http://${host}:${port}`,
    [Symbol.dispose]() {
      for (const each of [...kept, listener]) each.close();
    },
  };
}

/** A port that takes connections, and says nothing. */
function listenSilently() {
  const listener = Deno.listen({ hostname: host, port: 0 });
  const kept: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) kept.push(connection);
  })().catch(() => {});
  return {
    origin: `http://${host}:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const each of kept) each.close();
      await accepting;
    },
  };
}

/** A server on the other family alone, by the name of both: at a port where no test's server is on the first. */
function listenOnSix(port: number) {
  const server = Deno.serve(
    { hostname: "::1", port, onListen() {} },
    () => Response.json({ error: "invalid_client" }),
  );
  return { origin: `http://localhost:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

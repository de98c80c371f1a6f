/**
 * A client for MCP's conformance scenarios: it lists the tools of a server, and calls one if there is one.
 *
 * Its arguments: which SDK it uses, and how it is handed the token; the server's URL. The scenario is in the environment.
 *
 * @module
 */

import process from "node:process";
import { type Authenticator, ClientCredentialsAuthenticator, none } from "@m2m/authenticator";
import { mcpAuthProvider, mcpOAuthClientProvider } from "@m2m/authenticator/adapters/mcp";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { IdentityAssertionAuthenticator, TokenType } from "@m2m/authenticator/grant/identity-assertion";
import { stepUp } from "@m2m/authenticator/scope-step-up";
import { Client, StreamableHTTPClientTransport } from "npm:@modelcontextprotocol/client@2.4.0";
// The package's types are looked for under a name that isn't theirs.
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client as Client1 } from "npm:@modelcontextprotocol/sdk@1.32.2/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as Transport1 } from "npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp.js";

const [way = "", endpoint = ""] = process.argv.slice(-2);
const context: Record<string, string> = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT!);
const { client_id: clientId = "", client_secret: clientSecret } = context;

/** The scenarios don't tell their issuer: a client of one's own is configured with it. */
async function readIssuer(): Promise<string> {
  const response = await fetch(new URL("/.well-known/oauth-protected-resource/mcp", endpoint));
  return (await response.json()).authorization_servers[0];
}

const issuer = await readIssuer();
const configStore = new ProtectedResourceClientConfigStore(endpoint, { issuer });
const common = { endpoint, clientId, configStore };

/** By scenario. */
const authenticators: Record<string, () => Authenticator> = {
  "auth/client-credentials-basic": () => new ClientCredentialsAuthenticator({ ...common, clientSecret }),
  "auth/client-credentials-jwt": () => {
    const clientAuth = privateKeyJwt(context.private_key_pem!, { alg: "ES256" });
    return new ClientCredentialsAuthenticator({ ...common, clientAuth });
  },
  "auth/wif-jwt-bearer": () =>
    new JwtBearerAuthenticator({ endpoint, configStore, assertion: () => context.valid_jwt! }),
  "auth/enterprise-managed-authorization": () =>
    new IdentityAssertionAuthenticator({
      ...common,
      clientSecret,
      identityProvider: {
        clientId: context.idp_client_id,
        clientAuth: none(),
        configStore: new DiscoveryClientConfigStore(context.idp_issuer!),
      },
      subjectToken: context.idp_id_token!,
      subjectTokenType: TokenType.ID_TOKEN,
    }),
};

const authenticator = authenticators[context.name!]!();
const url = new URL(endpoint);
const info = { name: "m2m-authenticator", version: "1.0.0" };

/** Rejects the first token that is sent, each time: another one must come. */
function rejectFirstToken(): typeof fetch {
  let first: string | null = null;
  return async (input, init) => {
    const sent = new Headers(init?.headers).get("authorization");
    first ??= sent;
    return sent !== null && sent === first ? new Response(null, { status: 401 }) : await fetch(input, init);
  };
}

/** By SDK, and how it is handed the token. Those of a provider have to replace one. */
const connections: Record<string, () => Promise<Client | Client1>> = {
  "sdk-2-fetch": () => connect(new StreamableHTTPClientTransport(url, { fetch: stepUp(authenticator) })),
  "sdk-2-provider": () =>
    connect(
      new StreamableHTTPClientTransport(url, {
        authProvider: mcpAuthProvider(authenticator),
        fetch: rejectFirstToken(),
      }),
    ),
  "sdk-1-fetch": () => connect1(new Transport1(url, { fetch: authenticator.fetch })),
  "sdk-1-provider": () =>
    connect1(new Transport1(url, { authProvider: mcpOAuthClientProvider(authenticator), fetch: rejectFirstToken() })),
};

async function connect(transport: StreamableHTTPClientTransport): Promise<Client> {
  const client = new Client(info);
  await client.connect(transport);
  return client;
}

async function connect1(transport: Transport1): Promise<Client1> {
  const client = new Client1(info);
  await client.connect(transport);
  return client;
}

/** A refusal is told, and neither repeated nor met by another grant: the suite's checks say so. */
async function meetRefusal(): Promise<void> {
  const refused = authenticator.with({ scopes: ["wif.rejected"] });
  for (let calls = 0; calls < 3; calls++) {
    const { error } = await refused.fetch(endpoint).catch((error) => error);
    if (error !== "invalid_scope") throw new Error("The refusal isn't told.");
  }
}

async function callTools(): Promise<void> {
  const client = await connections[way]!();
  const { tools } = await client.listTools();
  if (tools[0]) await client.callTool({ name: tools[0].name, arguments: {} });
  await client.close();
}

await (way === "refusal" ? meetRefusal() : callTools());

import { assertEquals } from "@std/assert";
import {
  ClientCredentialsAuthenticator,
  clientSecretBasic,
  clientSecretPost,
  type GrantOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { diagnose } from "@m2m/authenticator/doctor";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { startAuthorizationServer } from "../servers/authorization_server.ts";

const secret = "planted-secret-of-the-client-4711";
const [basic, post] = ["client_secret_basic", "client_secret_post"];
type Given = Partial<Pick<GrantOptions, "clientSecret" | "clientAuth" | "basicEncoding">>;

/** The methods that the server offers, what the client is given, and how it authenticates or why not. */
const cases: readonly [offered: string[], what: string, given: Given, outcome: string][] = [
  [[post], "a secret", { clientSecret: secret }, post],
  [[post], "a function", { clientSecret: () => secret }, post],
  [[post], "clientSecretPost", { clientAuth: clientSecretPost(secret) }, post],
  [[post], "clientSecretBasic", { clientAuth: clientSecretBasic(secret) }, "invalid_config"],
  [[post], "a secret and basicEncoding", { clientSecret: secret, basicEncoding: "form" }, "invalid_config"],
  [[post], "a wrong secret", { clientSecret: "planted-wrong" }, "token_request_rejected"],
  [[basic, post], "a secret", { clientSecret: secret }, basic],
  [[basic], "a secret", { clientSecret: secret }, basic],
  [["private_key_jwt"], "a secret", { clientSecret: secret }, "invalid_config"],
];
for (const [offered, what, given, outcome] of cases) {
  Deno.test(`oidc-provider that offers ${offered}, a client with ${what}: ${outcome}`, async () => {
    const method = (offered.includes(basic) ? basic : offered[0]) as "client_secret_basic";
    const client = { client_id: "c", client_secret: secret, token_endpoint_auth_method: method };
    const own = offered[0] === "private_key_jwt" ? { jwks_uri: "https://client.test/jwks" } : {};
    await using server = await startAuthorizationServer({
      clients: [{ ...client, ...own }],
      authMethods: [...offered],
      opaqueTokens: true,
    });
    const options = {
      endpoint: "https://api.test",
      clientId: "c",
      ...given,
      configStore: new DiscoveryClientConfigStore(server.issuer),
      revocation: tokenRevocation(),
    };
    const authenticator = new ClientCredentialsAuthenticator(options);

    const code = await authenticator.getCredentials().then(() => undefined, ({ code }) => code);
    await authenticator.close();
    const sent = [...server.tokenRequests, ...server.revocationRequests].map(({ headerNames, parameters }) =>
      headerNames.includes("authorization") ? basic : "client_secret" in parameters ? post : "none"
    );
    const isSent = outcome === basic || outcome === post;
    assertEquals(
      [code, sent],
      isSent ? [undefined, [outcome, outcome]] : [
        outcome,
        outcome === "invalid_config" ? [] : [post],
      ],
    );
  });
}

Deno.test("a static store may name client_secret_post for a plain secret, and the doctor goes by it", async () => {
  const client = { client_id: "c", client_secret: secret, token_endpoint_auth_method: "client_secret_post" as const };
  await using server = await startAuthorizationServer({ clients: [client], authMethods: [post] });
  const { issuer, tokenEndpoint } = server;
  const options = { endpoint: "http://127.0.0.1:9", clientId: "c", clientSecret: secret };
  const configStore = new StaticClientConfigStore({ tokenEndpoint, authMethod: post });
  await new ClientCredentialsAuthenticator({ ...options, configStore }).getCredentials();

  for (const store of [configStore, new DiscoveryClientConfigStore(issuer)]) {
    const { checks } = await diagnose({ ...options, configStore: store });
    const found = checks.find(({ name }) => name === "client authentication");
    assertEquals([found?.status, found?.seen.includes(post)], ["passed", true]);
  }
});

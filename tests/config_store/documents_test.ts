import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AuthenticationError, type ClientConfigStore, ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { json } from "../faults/behaviours.ts";
import { assertNothingShows, planted } from "../faults/planted.ts";
import { type ArrivedRequest, type Behaviour, startFaultServer } from "../servers/fault_server.ts";
import { discoveryCases } from "./discovery_cases.ts";
import { flyteCases, flyteMetadata, flyteSettings, otherThanMetadata } from "./flyte_cases.ts";
import { challenge, protectedResourceCases } from "./protected_resource_cases.ts";
import { type Case, commonCases, type Fields, type Places, resolve } from "./published_cases.ts";

/** A publisher's good document, what is read from it, and the store; its answers to all but requests for the document. */
type Publish = (urls: Omit<Places, "document">, options: { timeout: number }) => {
  document: Fields;
  expected: Fields;
  otherwise?: (request: ArrivedRequest) => Behaviour | undefined;
  store: ClientConfigStore & { getMetadata?(): Promise<object> };
};

const note = planted.body;
const publishers: Record<string, [cases: readonly Case[], path: string, publish: Publish]> = {
  "a server": [discoveryCases, "", ({ url }, options) => {
    const expected = { issuer: url, token_endpoint: `${url}/token` };
    return { document: { ...expected, note }, expected, store: new DiscoveryClientConfigStore(url, options) };
  }],
  "an API": [protectedResourceCases, "/mcp", ({ url, issuer }, options) => {
    const expected = { resource: url, authorization_servers: [issuer] };
    const store = new ProtectedResourceClientConfigStore(url, { issuer, ...options });
    const otherwise = ({ path }: ArrivedRequest) => path === "/mcp" ? challenge("Bearer") : undefined;
    return { document: { ...expected, note }, expected, otherwise, store };
  }],
  "a platform": [flyteCases, "", ({ url }, options) => {
    const store = new FlyteClientConfigStore(url, options);
    return { document: flyteMetadata, expected: flyteSettings, otherwise: otherThanMetadata, store };
  }],
};

for (const [what, [cases, path, publish]] of Object.entries(publishers)) {
  for (const each of [...commonCases, ...cases]) {
    const [name, behave, end] = each;
    Deno.test(`${what} that ${name}: ${end.code ?? "is used"}`, async () => {
      await using server = await startFaultServer();
      await using auth = await startFaultServer();
      await using elsewhere = await startFaultServer();
      const { origin } = server;
      const urls = { url: origin + path, origin, issuer: auth.origin, elsewhere: elsewhere.origin };
      const { document, expected, otherwise, store } = publish(urls, { timeout: end.timeout ?? 5_000 });
      const places = { ...urls, document };
      server.always((request) => {
        const common = commonCases.includes(each) ? otherwise?.(request) : undefined;
        return common ?? (behave instanceof Function ? behave(places, request) : behave);
      });
      const token = { access_token: planted.token, token_type: "Bearer" };
      const metadata = { issuer: auth.origin, token_endpoint: `${auth.origin}/token` };
      auth.always(({ path }) => json(path === "/token" ? token : metadata));
      await using authenticator = new ClientCredentialsAuthenticator({
        endpoint: places.url,
        clientId: planted.clientId,
        clientSecret: planted.secret,
        configStore: store,
        retry: { maxAttempts: 1 },
      });

      const got = await (store.getMetadata?.() ?? Promise.resolve(store.getClientConfig())).catch((error) => error);

      assertNothingShows(got);
      for (const { method, path, headers } of server.requests) {
        assertEquals([method, headers.get("authorization")], [path.startsWith("/flyteidl2.") ? "POST" : "GET", null]);
        assertStringIncludes(headers.get("accept")!, "application/json");
      }
      if (end.code) {
        const { code, says = "", retryable = false, status = got.status } = end;
        assert(got instanceof AuthenticationError, String(got));
        assertEquals([got.code, got.retryable, got.status, "cause" in got], [code, retryable, status, false]);
        for (const text of [says, places.url]) assertStringIncludes(got.message, text);
        const error = await authenticator.getCredentials().catch((error: unknown) => error);
        assertNothingShows(error);
        assert(error instanceof AuthenticationError, String(error));
        assertEquals([error.code, auth.connections, elsewhere.connections], [code, 0, 0]);
        assert(server.requests.every(({ path }) => !path.startsWith("/token")));
        return;
      }
      const fields = { ...expected, ...resolve(end.metadata ?? {}, places) };
      assertEquals(JSON.parse(JSON.stringify(got)), JSON.parse(JSON.stringify(fields)));
      assert([got, ...Object.values(got)].every(Object.isFrozen));
      assertEquals(got.planted, undefined);
      if (end.requests) assertEquals(server.requests.map(({ path }) => path), end.requests);
      if (what === "an API") {
        assertNothingShows(await authenticator.getCredentials());
        const { scopes, resource } = await store.getClientConfig();
        assertEquals([scopes, resource], [end.scopes, [got.resource]]);
        assertEquals(auth.requests.map(({ path }) => path), ["/.well-known/oauth-authorization-server", "/token"]);
      }
      assertEquals(elsewhere.connections, 0);
    });
  }
}

import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { AuthenticationError, type ClientConfigStore, ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { json } from "../faults/behaviours.ts";
import { assertNothingShows, planted } from "../faults/planted.ts";
import { type ArrivedRequest, type Behaviour, startFaultServer } from "../servers/fault_server.ts";
import { discoveryCases, metadataDocument } from "./discovery_cases.ts";
import { flyteCases, flyteMetadata, flyteSettings, otherThanMetadata } from "./flyte_cases.ts";
import { challenge, protectedResourceCases, resourceDocument } from "./protected_resource_cases.ts";
import { type Case, commonCases, type Places } from "./published_cases.ts";

/** A kind of publisher, its good document, and the store that reads it. */
interface Publisher {
  readonly cases: readonly Case[];
  readonly path: string;
  readonly document: (places: Places) => Record<string, unknown>;
  /** What a good publisher answers to requests for anything but the document. */
  readonly otherwise: (request: ArrivedRequest) => Behaviour | undefined;
  /** What is expected of a good document. */
  readonly expected: (places: Places) => Record<string, unknown>;
  readonly store: (places: Places, options: { timeout: number }) => ClientConfigStore & {
    getMetadata?(): Promise<object>;
  };
}

const publishers: Record<string, Publisher> = {
  "a server": {
    cases: discoveryCases,
    path: "",
    document: metadataDocument,
    otherwise: () => undefined,
    expected: ({ url }) => ({ issuer: url, token_endpoint: `${url}/token` }),
    store: ({ url }, options) => new DiscoveryClientConfigStore(url, options),
  },
  "an API": {
    cases: protectedResourceCases,
    path: "/mcp",
    document: resourceDocument,
    otherwise: ({ path }) => path === "/mcp" ? challenge("Bearer") : undefined,
    expected: ({ url, issuer }) => ({ resource: url, authorization_servers: [issuer] }),
    store: ({ url, issuer }, options) => new ProtectedResourceClientConfigStore(url, { issuer, ...options }),
  },
  "a platform": {
    cases: flyteCases,
    path: "",
    document: () => flyteMetadata,
    otherwise: otherThanMetadata,
    expected: () => flyteSettings,
    store: ({ url }, options) => new FlyteClientConfigStore(url, options),
  },
};

for (const [what, { cases, path, document, otherwise, expected, store: createStore }] of Object.entries(publishers)) {
  const common = commonCases.map(([name, behave, ...end]): Case => [
    name,
    (places, request) =>
      otherwise(request) ?? (typeof behave === "function" ? behave(document(places), places) : behave),
    ...end,
  ]);
  for (const [name, behave, end, timeout = 5_000] of [...common, ...cases]) {
    Deno.test(`${what} that ${name}: ${"code" in end ? end.code : "is used"}`, async () => {
      await using server = await startFaultServer();
      await using auth = await startFaultServer();
      await using elsewhere = await startFaultServer();
      const { origin } = server;
      const places = { url: origin + path, origin, issuer: auth.origin, elsewhere: elsewhere.origin };
      server.always((request) => behave(places, request));
      auth.always(({ path }) =>
        path === "/token"
          ? json({ access_token: planted.token, token_type: "Bearer" })
          : json(metadataDocument({ ...places, url: auth.origin }))
      );
      const store = createStore(places, { timeout });
      await using authenticator = new ClientCredentialsAuthenticator({
        endpoint: places.url,
        clientId: planted.clientId,
        clientSecret: planted.secret,
        configStore: store,
        retry: { maxAttempts: 1 },
      });

      const got = await Promise.resolve(store.getMetadata?.() ?? store.getClientConfig()).catch((error: unknown) =>
        error
      );

      assertNothingShows(got);
      const requests = server.requests.map(({ path }) => path);
      for (const { method, path, headers } of server.requests) {
        assertEquals([method, headers.get("authorization")], [path.startsWith("/flyteidl2.") ? "POST" : "GET", null]);
        assertStringIncludes(headers.get("accept")!, "application/json");
      }
      if ("code" in end) {
        assert(got instanceof AuthenticationError, String(got));
        assertEquals([got.code, got.retryable, "cause" in got], [end.code, end.retryable ?? false, false]);
        if (end.status !== undefined) assertEquals(got.status, end.status);
        assertStringIncludes(got.message, end.says);
        assertStringIncludes(got.message, places.url);
        const error = await authenticator.getCredentials().catch((error: unknown) => error);
        assertNothingShows(error);
        assert(error instanceof AuthenticationError, String(error));
        assertEquals([error.code, auth.connections, elsewhere.connections], [end.code, 0, 0]);
        assert(server.requests.every(({ path }) => !path.startsWith("/token")));
        return;
      }
      const { metadata = {} } = end;
      const fields = { ...expected(places), ...typeof metadata === "function" ? metadata(places) : metadata };
      assertEquals(JSON.parse(JSON.stringify(got)), JSON.parse(JSON.stringify(fields)));
      assert([got, ...Object.values(got as object)].every(Object.isFrozen));
      assertStrictEquals((got as { planted?: unknown }).planted, undefined);
      if (end.requests !== undefined) assertEquals(requests, end.requests);
      if (what === "an API") {
        assertNothingShows(await authenticator.getCredentials());
        const { scopes, resource } = await store.getClientConfig();
        assertEquals([scopes, resource], [end.scopes, [(got as { resource: string }).resource]]);
        assertEquals(auth.requests.map(({ path }) => path), ["/.well-known/oauth-authorization-server", "/token"]);
      }
      assertEquals(elsewhere.connections, 0);
    });
  }
}

/** A certified authorization server, and APIs that check its tokens' signatures. @module */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  clientSecretPost,
  getToken,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import type { Case, RealServers } from "./case.ts";
import { planted } from "./planted.ts";
import { type Options, pause, read, readJson } from "./world.ts";

function client(real: RealServers, options: Options = {}): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({
    endpoint: real.api,
    clientId: planted.clientId,
    ...(!options.clientAuth && { clientSecret: planted.secret }),
    configStore: new StaticClientConfigStore({
      tokenEndpoint: real.tokenEndpoint,
      scopes: ["api:read"],
      audience: real.api,
    }),
    ...options,
  });
}

const projects = [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }];

export const realServers: readonly Case[] = [
  {
    name: "a real API takes the token that a real authorization server gives",
    async run({ real }) {
      const response = await client(real).fetch("/v1/projects");

      assertEquals([response.status, await readJson(response)], [200, projects]);
    },
  },
  {
    name: "a real API gets the body of a call, and knows the client",
    async run({ real }) {
      const response = await client(real).fetch("/v1/jobs", { method: "POST", body: "hellö" });

      assertEquals(await readJson(response), {
        method: "POST",
        path: "/v1/jobs",
        client: planted.clientId,
        body: "hellö",
      });
    },
  },
  {
    name: "a real API takes the token of a client that sends its secret in the body",
    async run({ real }) {
      const authenticator = client(real, {
        clientId: planted.postClientId,
        clientAuth: clientSecretPost(() => Promise.resolve(planted.secret)),
      });

      assertEquals((await read(authenticator.fetch("/v1/projects")))[0], 200);
    },
  },
  {
    name: "a token that a real API has revoked is replaced, and the call with its body sent again",
    async run({ real }) {
      const authenticator = client(real, { endpoint: real.revoking, audience: real.revoking });
      assertEquals((await read(authenticator.fetch("/v1/projects")))[0], 200);
      const before = authenticator.credentials;
      await (await fetch(real.revoke, { method: "POST" })).body?.cancel();

      const response = await authenticator.fetch("/v1/jobs", { method: "POST", body: "once more" });

      assertEquals([response.status, (await readJson(response)).body], [200, "once more"]);
      assert(authenticator.credentials !== before);
    },
  },
  {
    name: "calls across the ends of a real server's short-lived tokens all succeed, for few tokens",
    async run({ real: { shortLived } }) {
      let requests = 0;
      const authenticator = new ClientCredentialsAuthenticator({
        endpoint: shortLived.api,
        clientId: planted.clientId,
        clientSecret: planted.secret,
        configStore: new StaticClientConfigStore({
          tokenEndpoint: shortLived.tokenEndpoint,
          audience: shortLived.api,
          scopes: ["api:read"],
        }),
        onEvent: ({ type }) => type === "token_requested" && requests++,
      });
      const statuses = [];
      for (let count = 0; count < 20; count++) {
        statuses.push((await read(authenticator.fetch("/v1/projects")))[0]);
        await pause(200);
      }

      assertEquals(statuses, Array(20).fill(200));
      assert(requests >= 2 && requests <= 6, `${requests} token requests`);
    },
  },
  {
    name: "a real authorization server refuses a wrong secret by invalid_client",
    async run({ real }) {
      const error = await assertRejects(
        () => client(real, { clientSecret: "planted-wrong" }).fetch("/v1/projects"),
        AuthenticationError,
      );

      const { code, status, error: oauth, retryable } = error;
      assertEquals([code, status, oauth, retryable], ["token_request_rejected", 401, "invalid_client", false]);
    },
  },
  {
    name: "a real API that wants another scope says 403, and it is left at that",
    async run({ real }) {
      let requests = 0;
      const authenticator = client(real, {
        scopes: [],
        onEvent: ({ type }) => type === "token_requested" && requests++,
      });

      assertEquals((await read(authenticator.fetch("/v1/projects")))[0], 403);
      assertEquals(requests, 1);
    },
  },
  {
    name: "a single exchange with a real authorization server tells scope and lifetime",
    async run({ real }) {
      const started = Date.now();

      const { accessToken, tokenType, scope, expiresAt, refreshToken } = await getToken(real.tokenEndpoint, {
        clientId: planted.clientId,
        clientSecret: planted.secret,
        scopes: ["api:read"],
        audience: real.api,
      });

      assertEquals([tokenType, scope, refreshToken], ["Bearer", "api:read", undefined]);
      assertEquals(accessToken.split(".").length, 3);
      assertEquals(Math.round(((expiresAt ?? 0) - started) / 10_000), 60);
    },
  },
  {
    name: "an exchange with what is no token endpoint is an AuthenticationError",
    async run({ real }) {
      const options = { clientId: planted.clientId, clientSecret: planted.secret };

      const error = await getToken(`${real.api}/v1/projects`, options).catch((error) => error);

      assertInstanceOf(error, AuthenticationError);
    },
  },
];

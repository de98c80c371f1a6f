/** A certified authorization server, and APIs that verify its tokens' signatures. @module */
import { assert, assertEquals } from "@std/assert";
import {
  ClientCredentialsAuthenticator as Authenticator,
  clientSecretPost,
  getToken,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import type { RealServers } from "../stage_server.ts";
import { type Case, cases } from "./case.ts";
import { postClientId, realClient } from "./planted.ts";
import { failure, type Options, pause, read, readJson } from "./world.ts";

const scopes = ["api:read"];
const path = "/v1/projects";
const projects = [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }];
const listed = `200 ${JSON.stringify(projects)}`;

/** An authenticator that counts its token requests. */
function authenticate({ tokenEndpoint, api }: Pick<RealServers, "tokenEndpoint" | "api">, options: Options = {}) {
  const counted = { tokenRequests: 0 };
  const authenticator = new Authenticator({
    endpoint: api,
    clientId: realClient.clientId,
    ...(!options.clientAuth && realClient),
    configStore: new StaticClientConfigStore({ tokenEndpoint, scopes, audience: api }),
    onEvent: ({ type }) => type === "token_requested" && counted.tokenRequests++,
    ...options,
  });
  return Object.assign(counted, { authenticator, list: () => read(authenticator.fetch(path)) });
}

export const realServers: readonly Case[] = cases({
  async "a real API: accepts the real server's token"({ real }) {
    assertEquals(await authenticate(real).list(), listed);
  },
  async "a real API: gets the call's body, and knows the client"({ real }) {
    const call = { method: "POST", body: "hellö" };

    const response = await authenticate(real).authenticator.fetch("/v1/jobs", call);

    assertEquals(await readJson(response), { ...call, path: "/v1/jobs", client: realClient.clientId });
  },
  async "a real API: accepts the token of a client that sends its secret in the body"({ real }) {
    const clientAuth = clientSecretPost(() => Promise.resolve(realClient.clientSecret));

    assertEquals(await authenticate(real, { clientId: postClientId, clientAuth }).list(), listed);
  },
  async "a real API that revokes a token: the call is replayed with another, and its body"({ real }) {
    const { authenticator, list } = authenticate({ ...real, api: real.revoking });
    assertEquals(await list(), listed);
    const before = authenticator.credentials;
    await (await fetch(real.revoke, { method: "POST" })).body?.cancel();

    const response = await authenticator.fetch("/v1/jobs", { method: "POST", body: "again" });

    assertEquals([response.status, (await readJson(response)).body], [200, "again"]);
    assert(authenticator.credentials !== before);
  },
  async "a real server's short-lived tokens: calls across their ends succeed, with few token requests"({ real }) {
    const client = authenticate(real.shortLived);
    const start = performance.now();
    for (let count = 0; count < 20; count++) {
      assertEquals(await client.list(), listed);
      await pause(200);
    }

    // A slow machine needs more tokens: one a second, at most.
    const most = Math.ceil((performance.now() - start) / 1_000) + 2;
    assert(client.tokenRequests >= 2 && client.tokenRequests <= most, `${client.tokenRequests} token requests`);
  },
  async "a real server: refuses a wrong secret by invalid_client"({ real }) {
    const { code, status, error } = await failure(authenticate(real, { clientSecret: "planted-wrong" }).list());

    assertEquals([code, status, error], ["token_request_rejected", 401, "invalid_client"]);
  },
  async "a real API that requires another scope: its 403 is returned, without another token request"({ real }) {
    const client = authenticate(real, { scopes: [] });

    assertEquals([(await client.list()).slice(0, 3), client.tokenRequests], ["403", 1]);
  },
  async "getToken: a real server's credentials have scope and expiresAt"({ real }) {
    const started = Date.now();

    const credentials = await getToken(real.tokenEndpoint, { ...realClient, scopes, audience: real.api });

    const { accessToken, tokenType, scope, expiresAt = 0, refreshToken } = credentials;
    const seconds = Math.round((expiresAt - started) / 10_000) * 10;
    const found = [accessToken.split(".").length, tokenType, scope, seconds, refreshToken];
    assertEquals(found, [3, "Bearer", "api:read", 600, undefined]);
  },
  async "getToken: a URL that is no token endpoint is an AuthenticationError"({ real }) {
    await failure(getToken(real.api + path, realClient));
  },
});

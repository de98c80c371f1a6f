/** A certified authorization server, and APIs that verify its tokens' signatures. @module */
import { assert, assertEquals } from "@std/assert";
import {
  ClientCredentialsAuthenticator,
  clientSecretPost,
  getToken,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { type Case, cases, type RealServers } from "./case.ts";
import { planted } from "./planted.ts";
import { failure, type Options, pause, read, readJson } from "./world.ts";

const identity = { clientId: planted.clientId, clientSecret: planted.secret };
const scopes = ["api:read"];

type Real = Pick<RealServers, "tokenEndpoint" | "api">;

function client({ tokenEndpoint, api }: Real, options: Options = {}): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({
    endpoint: api,
    clientId: planted.clientId,
    ...(!options.clientAuth && identity),
    configStore: new StaticClientConfigStore({ tokenEndpoint, scopes, audience: api }),
    ...options,
  });
}

export const realServers: readonly Case[] = cases({
  async "a real API: accepts the real server's token"({ real }) {
    const response = await client(real).fetch("/v1/projects");

    const projects = [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }];
    assertEquals([response.status, await readJson(response)], [200, projects]);
  },
  async "a real API: gets the call's body, and knows the client"({ real }) {
    const call = { method: "POST", body: "hellö" };

    const response = await client(real).fetch("/v1/jobs", call);

    assertEquals(await readJson(response), { ...call, path: "/v1/jobs", client: planted.clientId });
  },
  async "a real API: accepts the token of a client that sends its secret in the body"({ real }) {
    const clientAuth = clientSecretPost(() => Promise.resolve(planted.secret));

    const authenticator = client(real, { clientId: planted.postClientId, clientAuth });

    assertEquals((await read(authenticator.fetch("/v1/projects")))[0], 200);
  },
  async "a real API that revokes a token: the call is replayed with another, and its body"({ real }) {
    const authenticator = client(real, { endpoint: real.revoking, audience: real.revoking });
    assertEquals((await read(authenticator.fetch("/v1/projects")))[0], 200);
    const before = authenticator.credentials;
    await (await fetch(real.revoke, { method: "POST" })).body?.cancel();

    const response = await authenticator.fetch("/v1/jobs", { method: "POST", body: "again" });

    assertEquals([response.status, (await readJson(response)).body], [200, "again"]);
    assert(authenticator.credentials !== before);
  },
  async "a real server's short-lived tokens: calls across their ends succeed, with few token requests"({ real }) {
    let requests = 0;
    const authenticator = client(real.shortLived, { onEvent: ({ type }) => type === "token_requested" && requests++ });
    const statuses = [];
    for (let count = 0; count < 20; count++) {
      statuses.push((await read(authenticator.fetch("/v1/projects")))[0]);
      await pause(200);
    }

    assertEquals(statuses, Array(20).fill(200));
    assert(requests >= 2 && requests <= 6, `${requests} token requests`);
  },
  async "a real server: refuses a wrong secret by invalid_client"({ real }) {
    const rejected = await failure(client(real, { clientSecret: "planted-wrong" }).fetch("/v1/projects"));

    const { code, status, error, retryable } = rejected;
    assertEquals([code, status, error, retryable], ["token_request_rejected", 401, "invalid_client", false]);
  },
  async "a real API that requires another scope: its 403 is returned, without another token request"({ real }) {
    let requests = 0;
    const onEvent: Options["onEvent"] = ({ type }) => type === "token_requested" && requests++;

    assertEquals((await read(client(real, { scopes: [], onEvent }).fetch("/v1/projects")))[0], 403);
    assertEquals(requests, 1);
  },
  async "getToken: a real server's credentials have scope and expiresAt"({ real }) {
    const started = Date.now();

    const credentials = await getToken(real.tokenEndpoint, { ...identity, scopes, audience: real.api });

    const { accessToken, tokenType, scope, expiresAt = 0, refreshToken } = credentials;
    assertEquals([tokenType, scope, refreshToken], ["Bearer", "api:read", undefined]);
    assertEquals(accessToken.split(".").length, 3);
    assertEquals(Math.round((expiresAt - started) / 10_000), 60);
  },
  async "getToken: a URL that is no token endpoint is an AuthenticationError"({ real }) {
    await failure(getToken(`${real.api}/v1/projects`, identity));
  },
});

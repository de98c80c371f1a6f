import { assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, clientSecretBasic, getToken, type GetTokenOptions, GrantType } from "@m2m/authenticator";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const client = { clientId: "id", clientSecret: "s3cret" };

Deno.test("getToken: sends a refresh token, and follows no redirect", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  const options = { clientId: "id", scopes: [], audience: "", fetch };
  await getToken(new URL(url), { ...options, grantType: GrantType.REFRESH_TOKEN, refreshToken: "rt" });
  const form = { grant_type: "refresh_token", refresh_token: "rt", client_id: "id" };
  assertEquals(requests.map(({ form, init }) => [Object.fromEntries(form), init.redirect]), [[form, "manual"]]);
});

const wrong: [options: object, message: string][] = [
  [{ tokenEndpoint: "/token" }, "tokenEndpoint must be an absolute URL"],
  [{ clientId: "", clientSecret: undefined }, "Missing: clientId and"],
  [{ clientSecret: undefined }, "Missing: clientSecret"],
  [{ scopes: "a b" }, "scopes"],
  [{ clientAuth: "x" }, "clientAuth"],
  [{ clientAuth: clientSecretBasic("b") }, "without clientSecret"],
  ...[0, -1, NaN, Infinity, 2 ** 31].map((timeout): typeof wrong[0] => [{ timeout }, "timeout"]),
];
Deno.test("getToken: refuses wrong arguments, and sends nothing", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  for (const [options, message] of wrong) {
    const { tokenEndpoint, ...rest } = { tokenEndpoint: url, ...client, fetch, ...options };
    const error = message === "timeout" ? RangeError : TypeError;
    await assertRejects(() => getToken(tokenEndpoint, rest as GetTokenOptions), error, message);
  }
  assertEquals(requests.length, 0);
});

Deno.test("getToken: sends no secret over http:, but on loopback or where allowed", async () => {
  const seen: string[] = [];
  const fetch = (input: unknown) => (seen.push(String(input)), Promise.resolve(Response.json({ access_token: "t" })));
  const send = (host: string, more = {}) => getToken(`http://${host}/t`, { ...client, fetch, ...more });
  for (const host of ["auth.test", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1"]) {
    assertEquals((await assertRejects(() => send(host), AuthenticationError)).code, "insecure_endpoint");
  }
  const loopback = ["127.0.0.1:1", "127.8.8.8", "[::1]:1", "localhost:1", "a.localhost"];
  for (const host of loopback) await send(host);
  await send("auth.test", { allowInsecureRequests: true });
  assertEquals(seen, [...loopback, "auth.test"].map((host) => `http://${host}/t`));
});

Deno.test("getToken: refuses the answer to a redirect that fetch followed", async () => {
  const redirected = Object.defineProperty(Response.json({ access_token: "planted" }), "redirected", { value: true });
  const request = getToken("https://auth.test/token", { ...client, fetch: () => Promise.resolve(redirected) });
  const { code, retryable } = await assertRejects(() => request, AuthenticationError);
  assertEquals([code, retryable], ["redirect_refused", false]);
});

Deno.test("getToken: ends in time, or by the signal's reason, with a fetch that ignores its signal", async () => {
  const controller = new AbortController();
  const send = (options: object, during = () => {}) => {
    const fetch = () => (during(), new Promise<never>(() => {}));
    return getToken("https://auth.test/token", { ...client, ...options, fetch });
  };
  const late = await assertRejects(() => send({ timeout: 20 }), AuthenticationError, "within 20 ms");
  assertEquals(late.code, "timeout");
  const { signal } = controller;
  const aborted = await assertRejects(() => send({ signal }, () => controller.abort(new Error("shutting down"))));
  assertEquals(aborted, signal.reason);
});

Deno.test("getToken: sends no secret that comes after an abort", async () => {
  const late = Promise.withResolvers<string>();
  const { url, fetch, requests } = tokenEndpointStub();
  const controller = new AbortController();
  const options = { clientId: "id", clientSecret: () => late.promise, fetch, signal: controller.signal };
  const aborted = assertRejects(() => getToken(url, options), DOMException);
  controller.abort();
  await aborted;
  late.resolve("secret");
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(requests.length, 0);
});

/** Token requests, as they arrive. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type ClientAuth,
  clientSecretBasic,
  clientSecretPost,
  getToken,
  none,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { type Case, cases, eachRow } from "./case.ts";
import { encodedSecret, planted } from "./planted.ts";
import { type Actor, type Options, seen, type SeenRequest } from "./world.ts";

/** The only request to an actor, with its form. */
async function onlyRequest(tokens: Actor): Promise<SeenRequest & { form: Record<string, string> }> {
  const [request, ...more] = await tokens.requests();
  assert(request !== undefined && more.length === 0);
  return { ...request, form: Object.fromEntries(new URLSearchParams(request.text)) };
}

type Parameters = Pick<Options, "scopes" | "audience">;

/** The store's parameters, the caller's, and the form without `grant_type`. */
const forms: Readonly<Record<string, readonly [config: Parameters, options: Parameters, form: object]>> = {
  "no parameters": [{}, {}, {}],
  "the store's scopes and audience": [
    { scopes: ["a:b", "c"], audience: "https://api.test/" },
    {},
    { scope: "a:b c", audience: "https://api.test/" },
  ],
  "the caller's scopes and audience over the store's": [
    { scopes: ["a"], audience: "b" },
    { scopes: ["c"], audience: "d" },
    { scope: "c", audience: "d" },
  ],
  "the caller's empty scopes and audience over the store's": [
    { scopes: ["a"], audience: "b" },
    { scopes: [], audience: "" },
    {},
  ],
};

const client_id = planted.clientId;

/** The method, the form without `grant_type`, and the decoded `authorization` header. */
const methods: Readonly<Record<string, readonly [clientAuth: ClientAuth, form: object, basic?: string]>> = {
  "client_secret_basic": [clientSecretBasic(planted.secret), {}, `${client_id}:${encodedSecret}`],
  "raw client_secret_basic": [
    clientSecretBasic(planted.secret, { encoding: "raw" }),
    {},
    `${client_id}:${planted.secret}`,
  ],
  "client_secret_post": [clientSecretPost(planted.secret), { client_id, client_secret: planted.secret }],
  "none": [none(), { client_id }],
};

const deviceCode = "urn:ietf:params:oauth:grant-type:device_code";

export const tokenRequests: readonly Case[] = [
  ...cases({
    async "a token request: is a POST of a form that accepts JSON, without cookies"(world) {
      const { authenticator, tokens } = await world.set();

      await authenticator.getCredentials();

      const { method, path, headers } = await onlyRequest(tokens);
      assertEquals([method, path], ["POST", `/token?key=${planted.query}`]);
      assertEquals([headers.accept, headers.cookie], ["application/json", undefined]);
      assertMatch(headers["content-type"] ?? "", /^application\/x-www-form-urlencoded\b/);
      assertMatch(headers.authorization ?? "", /^Basic [A-Za-z0-9+/]+=*$/);
    },
  }),
  ...eachRow(
    forms,
    (what) => `a token request: has ${what}`,
    async (world, [config, options, form]) => {
      const { authenticate, tokenEndpoint, tokens } = await world.set();
      const configStore = new StaticClientConfigStore({ tokenEndpoint, ...config });

      await authenticate({ configStore, ...options }).getCredentials();

      assertEquals((await onlyRequest(tokens)).form, { grant_type: "client_credentials", ...form });
    },
  ),
  ...eachRow(
    methods,
    (name) => `client authentication: ${name}`,
    async (world, [clientAuth, form, basic]) => {
      const { authenticate, tokens } = await world.set();

      await authenticate({ clientAuth }).getCredentials();

      const request = await onlyRequest(tokens);
      assertEquals(request.form, { grant_type: "client_credentials", ...form });
      assertEquals(request.headers.authorization, basic && `Basic ${btoa(basic)}`);
    },
  ),
  ...cases({
    async "client authentication: a method of the caller's own is called for each request"(world) {
      let called = 0;
      const clientAuth: ClientAuth = {
        method: "vendor_key",
        authenticate({ headers, body, clientId }) {
          headers.set("x-vendor-key", `key ${++called}`);
          body.set("client_id", clientId);
        },
      };
      const { authenticate, tokens } = await world.set();
      const authenticator = authenticate({ clientAuth });

      await authenticator.getCredentials();
      await authenticator.refreshCredentials();

      assertEquals(await seen(tokens, "x-vendor-key"), ["key 1", "key 2"]);
    },
    async "clientSecret: a function is called for each token request"(world) {
      const secrets = ["one", "two"];
      const { authenticate, tokens } = await world.set();
      const authenticator = authenticate({ clientSecret: () => Promise.resolve(secrets.shift() ?? "none left") });

      await authenticator.getCredentials();
      await authenticator.refreshCredentials();

      assertEquals(await seen(tokens), ["one", "two"].map((secret) => `Basic ${btoa(`${client_id}:${secret}`)}`));
    },
    async "getToken: sends a device code"(world) {
      const { tokens, tokenEndpoint } = await world.set();

      await getToken(tokenEndpoint, { grantType: deviceCode, clientId: client_id, deviceCode: "planted-device" });

      const form = { grant_type: deviceCode, device_code: "planted-device", client_id };
      assertEquals((await onlyRequest(tokens)).form, form);
    },
  }),
];

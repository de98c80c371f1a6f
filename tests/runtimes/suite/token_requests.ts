/** What a token request looks like at the server's end. @module */
import { assert, assertEquals } from "@std/assert";
import {
  type ClientAuth,
  clientSecretBasic,
  clientSecretPost,
  getToken,
  none,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import type { Case } from "./case.ts";
import { planted } from "./planted.ts";
import type { Actor, Options, SeenRequest } from "./world.ts";

async function sent(tokens: Actor): Promise<SeenRequest & { form: Record<string, string> }> {
  const [request, ...more] = await tokens.requests();
  assert(request !== undefined && more.length === 0);
  return { ...request, form: Object.fromEntries(new URLSearchParams(request.text)) };
}

interface Asked {
  readonly options: (tokenEndpoint: string) => Options;
  readonly form: Record<string, string>;
}

/** By what is set: what the form holds besides `grant_type`. */
const forms: Readonly<Record<string, Asked>> = {
  "nothing but where the server is": { options: () => ({}), form: {} },
  "scopes and audience of the store": {
    options: (tokenEndpoint) => ({
      configStore: new StaticClientConfigStore({ tokenEndpoint, scopes: ["a:b", "c"], audience: "https://api.test/" }),
    }),
    form: { scope: "a:b c", audience: "https://api.test/" },
  },
  "scopes and audience of the caller over the store's": {
    options: (tokenEndpoint) => ({
      configStore: new StaticClientConfigStore({ tokenEndpoint, scopes: ["a"], audience: "b" }),
      scopes: ["c"],
      audience: "d",
    }),
    form: { scope: "c", audience: "d" },
  },
  "empty scopes and audience over the store's": {
    options: (tokenEndpoint) => ({
      configStore: new StaticClientConfigStore({ tokenEndpoint, scopes: ["a"], audience: "b" }),
      scopes: [],
      audience: "",
    }),
    form: {},
  },
};

interface Proof {
  readonly clientAuth: () => ClientAuth;
  /** The `authorization` header, decoded. */
  readonly basic?: string;
  readonly form: Record<string, string>;
}

const encoded = new URLSearchParams({ "": planted.secret }).toString().slice(1);

/** By how the client proves itself. */
const proofs: Readonly<Record<string, Proof>> = {
  "by Basic": {
    clientAuth: () => clientSecretBasic(planted.secret),
    basic: `${planted.clientId}:${encoded}`,
    form: {},
  },
  "by raw Basic": {
    clientAuth: () => clientSecretBasic(planted.secret, { encoding: "raw" }),
    basic: `${planted.clientId}:${planted.secret}`,
    form: {},
  },
  "in the body": {
    clientAuth: () => clientSecretPost(planted.secret),
    form: { client_id: planted.clientId, client_secret: planted.secret },
  },
  "not at all": { clientAuth: none, form: { client_id: planted.clientId } },
};

export const tokenRequests: readonly Case[] = [
  {
    name: "a token request is a POST of a form that asks for JSON, and carries no cookie",
    async run(world) {
      const { authenticator, tokens } = await world.set();

      await authenticator.getCredentials();

      const { method, path, headers } = await sent(tokens);
      assertEquals([method, path], ["POST", `/token?key=${planted.query}`]);
      assertEquals(headers.accept, "application/json");
      assert(/^application\/x-www-form-urlencoded\b/.test(headers["content-type"] ?? ""));
      assert(/^Basic [A-Za-z0-9+/]+=*$/.test(headers.authorization ?? ""));
      assertEquals(headers.cookie, undefined);
    },
  },
  ...Object.entries(forms).map(([what, { options, form }]): Case => ({
    name: `a token is asked for with ${what}`,
    async run(world) {
      const { authenticate, tokenEndpoint, tokens } = await world.set();

      await authenticate(options(tokenEndpoint)).getCredentials();

      assertEquals((await sent(tokens)).form, { grant_type: "client_credentials", ...form });
    },
  })),
  ...Object.entries(proofs).map(([how, { clientAuth, basic, form }]): Case => ({
    name: `a client proves itself ${how}`,
    async run(world) {
      const { authenticate, tokens } = await world.set();

      await authenticate({ clientAuth: clientAuth() }).getCredentials();

      const request = await sent(tokens);
      assertEquals(request.form, { grant_type: "client_credentials", ...form });
      assertEquals(request.headers.authorization, basic && `Basic ${btoa(basic)}`);
    },
  })),
  {
    name: "a client proves itself by a method of its own, called for each request",
    async run(world) {
      let called = 0;
      const { authenticate, tokens } = await world.set();
      const authenticator = authenticate({
        clientAuth: {
          method: "vendor_key",
          authenticate({ headers, body, clientId }) {
            headers.set("x-vendor-key", `key ${++called}`);
            body.set("client_id", clientId);
          },
        },
      });

      await authenticator.getCredentials();
      await authenticator.refreshCredentials();

      assertEquals((await tokens.requests()).map(({ headers }) => headers["x-vendor-key"]), ["key 1", "key 2"]);
    },
  },
  {
    name: "a secret is looked up for each token request",
    async run(world) {
      const secrets = ["one", "two"];
      const { authenticate, tokens } = await world.set();
      const authenticator = authenticate({ clientSecret: () => Promise.resolve(secrets.shift() ?? "none left") });

      await authenticator.getCredentials();
      await authenticator.refreshCredentials();

      assertEquals(
        (await tokens.requests()).map(({ headers }) => atob(headers.authorization?.slice("Basic ".length) ?? "")),
        [`${planted.clientId}:one`, `${planted.clientId}:two`],
      );
    },
  },
  {
    name: "a device code is sent by its grant",
    async run(world) {
      const { tokens, tokenEndpoint } = await world.set();

      await getToken(tokenEndpoint, {
        grantType: "urn:ietf:params:oauth:grant-type:device_code",
        clientId: planted.clientId,
        deviceCode: "planted-device",
      });

      assertEquals((await sent(tokens)).form, {
        grant_type: "urn:ietf:params:oauth:grant-type:device_code",
        device_code: "planted-device",
        client_id: planted.clientId,
      });
    },
  },
];

/** Token requests, as they arrive. @module */
import { assert, assertEquals } from "@std/assert";
import { type ClientAuth, clientSecretBasic, clientSecretPost, getToken, none } from "@m2m/authenticator";
import { type Case, cases, eachRow } from "./case.ts";
import { planted, quotedSecret } from "../../faults/planted.ts";
import { type Actor, seen, type SeenRequest } from "./world.ts";

const client_id = planted.clientId;
const rawBasic = clientSecretBasic(planted.secret, { encoding: "raw" });

/** The method, the form without `grant_type`, and what `authorization` has after `Basic`. */
type Row = readonly [clientAuth: ClientAuth, form: object, basic?: string];

const methods: Readonly<Record<string, Row>> = {
  "client_secret_basic": [clientSecretBasic(planted.secret), {}, quotedSecret["as the Basic header's value"]],
  "raw client_secret_basic": [rawBasic, {}, quotedSecret["as a raw Basic header's value"]],
  "client_secret_post": [clientSecretPost(planted.secret), { client_id, client_secret: planted.secret }],
  "none": [none(), { client_id }],
};

/** The only request to an actor, with its form. */
async function onlyRequest(tokens: Actor): Promise<SeenRequest & { form: object }> {
  const [request, ...more] = await tokens.requests();
  assert(request !== undefined && more.length === 0);
  return { ...request, form: Object.fromEntries(new URLSearchParams(request.body)) };
}

const deviceCode = "urn:ietf:params:oauth:grant-type:device_code";

export const tokenRequests: readonly Case[] = [
  ...eachRow(methods, (name) => `client authentication: ${name}`, async (world, [clientAuth, form, basic]) => {
    const { authenticate, tokens } = await world.set();

    await authenticate({ clientAuth }).getCredentials();

    const request = await onlyRequest(tokens);
    assertEquals(request.form, { grant_type: "client_credentials", ...form });
    assertEquals(request.headers.authorization, basic && `Basic ${basic}`);
  }),
  ...cases({
    async "a token request: is a POST of a form with its length, accepts JSON, and has no cookies"(world) {
      const { authenticator, tokens } = await world.set();

      await authenticator.getCredentials();

      const { method, path, headers, body } = await onlyRequest(tokens);
      const expected = ["POST", `/token?key=${planted.query}`, "application/json", undefined];
      assertEquals([method, path, headers.accept, headers.cookie], expected);
      const length = String(body.length);
      const type = "application/x-www-form-urlencoded";
      assertEquals([headers["content-type"], headers["content-length"]], [type, length]);
    },
    async "client authentication: a method of the caller's own is called for each request"(world) {
      let called = 0;
      const clientAuth: ClientAuth = {
        method: "vendor_key",
        authenticate({ headers, body, clientId }) {
          headers.set("x-vendor-key", `key ${++called}`);
          body.set("client_id", clientId);
        },
      };
      const { authenticator, tokens } = await world.set({ options: { clientAuth } });

      await authenticator.getCredentials();
      await authenticator.refreshCredentials();

      assertEquals(await seen(tokens, "x-vendor-key"), ["key 1", "key 2"]);
    },
    async "getToken: sends a device code"(world) {
      const { tokens, tokenEndpoint } = await world.set();

      await getToken(tokenEndpoint, { grantType: deviceCode, clientId: client_id, deviceCode: "planted-device" });

      const form = { grant_type: deviceCode, device_code: "planted-device", client_id };
      assertEquals((await onlyRequest(tokens)).form, form);
    },
  }),
];

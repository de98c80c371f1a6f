/** The ways in which a program uses an authenticator. @module */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import {
  Authenticator,
  type AuthenticatorEvent,
  type AuthenticatorOptions,
  type ClientConfig,
  ClientConfigStore,
  Credentials,
  getToken,
  GrantType,
} from "@m2m/authenticator";
import { answer, json } from "../../faults/behaviours.ts";
import type { Case } from "./case.ts";
import { nthToken, planted } from "./planted.ts";
import { authorizations, count, late, read, until } from "./world.ts";

const hour = json({ access_token: "planted-token-{n}", token_type: "Bearer", expires_in: 3600 });

export const use: readonly Case[] = [
  {
    name: "calls one after another carry one token, under authorization",
    async run(world) {
      const { authenticator, tokens, api } = await world.set();

      for (let call = 0; call < 3; call++) assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);

      assertEquals(await authorizations(api), Array(3).fill(`Bearer ${nthToken(1)}`));
      assertEquals(await count(tokens), 1);
    },
  },
  {
    name: "50 first calls at once make one token request",
    async run(world) {
      const { authenticator, tokens, api } = await world.set({ tokens: { usual: late(50, hour) } });

      const answers = await Promise.all(Array.from({ length: 50 }, () => read(authenticator.fetch("/x"))));

      assertEquals(answers, Array(50).fill([200, "fine"]));
      assertEquals([await count(tokens), await count(api)], [1, 50]);
    },
  },
  {
    name: "a call is given as fetch takes it: relative, absolute, URL, Request",
    async run(world) {
      const { authenticator, api } = await world.set();

      await read(authenticator.fetch("/a?b=c#d"));
      await read(authenticator.fetch(`${api.origin}/e`));
      await read(authenticator.fetch(new URL("/f", api.origin)));
      await read(authenticator.fetch(new Request(`${api.origin}/g`, { method: "DELETE", headers: { "x-own": "1" } })));
      await read(authenticator.fetch(new Request(`${api.origin}/h`), { method: "PUT" }));

      assertEquals(
        (await api.requests()).map(({ method, path, headers }) => [method, path, headers["x-own"]]),
        [
          ["GET", "/a?b=c", undefined],
          ["GET", "/e", undefined],
          ["GET", "/f", undefined],
          ["DELETE", "/g", "1"],
          ["PUT", "/h", undefined],
        ],
      );
      assertEquals(await authorizations(api), Array(5).fill(`Bearer ${nthToken(1)}`));
    },
  },
  {
    name: "a relative call resolves against the endpoint's path",
    async run(world) {
      const { authenticate, api } = await world.set();

      await read(authenticate({ endpoint: `${api.origin}/base/` }).fetch("v1/x"));

      assertEquals((await api.requests()).map(({ path }) => path), ["/base/v1/x"]);
    },
  },
  {
    name: "fetch is bound: it works when handed around",
    async run(world) {
      const { authenticator: { fetch }, api } = await world.set();

      assertEquals(await read([fetch].map((call) => call("/x"))[0] as Promise<Response>), [200, "fine"]);
      assertEquals(await count(api), 1);
    },
  },
  {
    name: "the runtime's own fetch can be given as fetch",
    async run(world) {
      const { authenticator, tokens } = await world.set({ options: { fetch: globalThis.fetch } });

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);
      assertEquals(await count(tokens), 1);
    },
  },
  {
    name: "a fetch of one's own gets the token request and the call",
    async run(world) {
      const urls: string[] = [];
      const { authenticator, api, tokens } = await world.set({
        options: {
          fetch(input, init) {
            urls.push(new URL(String(input)).origin);
            return fetch(input, init);
          },
        },
      });

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);
      assertEquals(urls, [tokens.origin, api.origin]);
    },
  },
  {
    name: "a store of one's own is asked when a token is needed, and again for the next",
    async run(world) {
      let asked = 0;
      const { authenticate, tokenEndpoint, api } = await world.set();
      const configStore = new class extends ClientConfigStore {
        override getClientConfig(): Promise<ClientConfig> {
          asked++;
          return Promise.resolve({ tokenEndpoint, headerKey: "X-Store" });
        }
      }();
      const authenticator = authenticate({ configStore });
      assertEquals(asked, 0);

      await read(authenticator.fetch("/x"));
      await read(authenticator.fetch("/x"));
      assertEquals(asked, 1);
      await authenticator.refreshCredentials();

      assertEquals(asked, 2);
      assertEquals((await api.requests()).map(({ headers }) => [headers["x-store"], headers.authorization]), [
        [`Bearer ${nthToken(1)}`, undefined],
        [`Bearer ${nthToken(1)}`, undefined],
      ]);
    },
  },
  {
    name: "the caller's headerKey wins over the store's",
    async run(world) {
      const { authenticate, tokenEndpoint, api } = await world.set();
      const configStore = new class extends ClientConfigStore {
        override getClientConfig(): ClientConfig {
          return { tokenEndpoint, headerKey: "x-store" };
        }
      }();

      await read(authenticate({ configStore, headerKey: "X-Caller" }).fetch("/x"));

      const [request] = await api.requests();
      assertEquals([request?.headers["x-caller"], request?.headers["x-store"]], [`Bearer ${nthToken(1)}`, undefined]);
    },
  },
  {
    name: "a header of the caller's own stays, and no token is asked for",
    async run(world) {
      const { authenticator, authenticate, tokens, api } = await world.set();

      await read(authenticator.fetch("/x", { headers: { Authorization: "Own 1" } }));
      await read(authenticate({ headerKey: "authorization" }).fetch("/x", { headers: { Authorization: "Own 2" } }));

      assertEquals(await authorizations(api), ["Own 1", "Own 2"]);
      // Without headerKey the store must name the header first, which takes a token request.
      assert(await count(tokens) <= 1);
    },
  },
  {
    name: "another origin gets the call without the token, and no token is asked for",
    async run(world) {
      const { authenticator, tokens, elsewhere } = await world.set();

      assertEquals(await read(authenticator.fetch(`${elsewhere.origin}/x`)), [200, "elsewhere"]);

      assertEquals(await authorizations(elsewhere), [undefined]);
      assertEquals(await count(tokens), 0);
    },
  },
  {
    name: "an allowed origin gets the token as well",
    async run(world) {
      const { authenticate, elsewhere } = await world.set();

      await read(authenticate({ allowedOrigins: [elsewhere.origin] }).fetch(`${elsewhere.origin}/x`));

      assertEquals(await authorizations(elsewhere), [`Bearer ${nthToken(1)}`]);
    },
  },
  {
    name: "authorize puts the token on headers, and leaves one that is there",
    async run(world) {
      const { authenticator } = await world.set();
      const headers = new Headers({ "x-own": "1" });

      assertStrictEquals(await authenticator.authorize(headers), headers);
      const own = await authenticator.authorize(new Headers({ authorization: "Own" }));

      assertEquals([headers.get("authorization"), headers.get("x-own")], [`Bearer ${nthToken(1)}`, "1"]);
      assertEquals(own.get("authorization"), "Own");
    },
  },
  {
    name: "getCredentials gives the known ones, refreshCredentials asks, credentials only tells",
    async run(world) {
      const { authenticator, tokens } = await world.set();
      assertEquals(authenticator.credentials, undefined);

      const first = await authenticator.getCredentials();
      assertStrictEquals(await authenticator.getCredentials(), first);
      assertStrictEquals(authenticator.credentials, first);
      const second = await authenticator.refreshCredentials();

      assertInstanceOf(first, Credentials);
      assertEquals([first.accessToken, second.accessToken], [nthToken(1), nthToken(2)]);
      assertStrictEquals(authenticator.credentials, second);
      assertEquals(await count(tokens), 2);
    },
  },
  {
    name: "20 refreshes at once share one token request",
    async run(world) {
      const { authenticator, tokens } = await world.set({ tokens: { usual: late(50, hour) } });

      const all = await Promise.all(Array.from({ length: 20 }, () => authenticator.refreshCredentials()));

      assertEquals(new Set(all.map(({ accessToken }) => accessToken)), new Set([nthToken(1)]));
      assertEquals(await count(tokens), 1);
    },
  },
  {
    name: "two authenticators keep their tokens apart",
    async run(world) {
      const { authenticator, authenticate, api, elsewhere } = await world.set();
      const other = authenticate({ endpoint: elsewhere.origin });

      await read(authenticator.fetch("/x"));
      await Promise.all(Array.from({ length: 5 }, () =>
        Promise.all([
          read(authenticator.fetch("/x")),
          read(other.fetch("/x")),
        ])));

      assertEquals(new Set(await authorizations(api)), new Set([`Bearer ${nthToken(1)}`]));
      assertEquals(new Set(await authorizations(elsewhere)), new Set([`Bearer ${nthToken(2)}`]));
    },
  },
  {
    name: "a subclass brings a token source of its own",
    async run(world) {
      const { tokenEndpoint, tokens, api } = await world.set();
      class Refreshing extends Authenticator {
        constructor(options: AuthenticatorOptions) {
          super(options, () => async ({ signal }) => {
            const credentials = await getToken(tokenEndpoint, {
              grantType: GrantType.REFRESH_TOKEN,
              clientId: planted.clientId,
              clientSecret: planted.secret,
              refreshToken: "planted-refresh",
              signal,
            });
            return { credentials, headerKey: "x-grant" };
          });
        }
      }

      await read(new Refreshing({ endpoint: api.origin }).fetch("/x"));

      const form = new URLSearchParams((await tokens.requests())[0]?.text);
      assertEquals([form.get("grant_type"), form.get("refresh_token")], ["refresh_token", "planted-refresh"]);
      assertEquals((await api.requests())[0]?.headers["x-grant"], `Bearer ${nthToken(1)}`);
    },
  },
  {
    name: "close ends the wait of those who wait, by an AbortError, and the token request",
    async run(world) {
      const { authenticator, tokens } = await world.set({ tokens: { usual: { steps: ["stall"] } } });
      const waiting = Promise.allSettled([authenticator.getCredentials(), authenticator.fetch("/x")]);
      await until(async () => await count(tokens) === 1);

      await authenticator.close();

      const reasons = (await waiting).map((settled) => settled.status === "rejected" && settled.reason.name);
      assertEquals(reasons, ["AbortError", "AbortError"]);
      await until(async () => await tokens.hangUps() === 1);
    },
  },
  {
    name: "an authenticator can be disposed of where there is such a thing, and it needs no closing",
    async run(world) {
      const { authenticator } = await world.set();
      await authenticator.getCredentials();

      if (Symbol.asyncDispose) await authenticator[Symbol.asyncDispose]();
      else await authenticator.close();
    },
  },
  {
    name: "events tell what happens, and nothing that is secret; a listener that throws changes nothing",
    async run(world) {
      const events: AuthenticatorEvent[] = [];
      const { authenticator } = await world.set({
        api: { next: [answer("no", { status: 401 })] },
        options: {
          onEvent(event) {
            events.push(event);
            throw new Error("A listener's own trouble.");
          },
        },
      });

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);
      await authenticator.getCredentials();

      assertEquals(
        events.map((event) => "reason" in event ? `${event.type} ${event.reason}` : event.type),
        [
          "token_requested first",
          "token_issued first",
          "token_rejected",
          "token_requested rejected",
          "token_issued rejected",
          "request_replayed",
          "token_reused",
        ],
      );
      assert(!JSON.stringify(events).includes("planted"));
    },
  },
  {
    name: "a call of what isn't there rejects as fetch itself does",
    async run(world) {
      const { authenticator, tokens } = await world.set({ api: { usual: { steps: ["reset"] } } });

      await assertRejects(() => authenticator.fetch("/x"));

      assertEquals(await count(tokens), 1);
    },
  },
];

/** What a program does with an authenticator. @module */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
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
import { type Case, cases } from "./case.ts";
import { bearer, nthToken, planted } from "./planted.ts";
import {
  arrival,
  assertCount,
  count,
  fine,
  issues,
  late,
  read,
  rejected,
  seen,
  stalled,
  together,
  until,
} from "./world.ts";

/** Counts its calls. */
class CountingStore extends ClientConfigStore {
  asked = 0;
  readonly #config: ClientConfig;

  constructor(config: ClientConfig) {
    super();
    this.#config = config;
  }

  override getClientConfig(): Promise<ClientConfig> {
    this.asked++;
    return Promise.resolve(this.#config);
  }
}

export const use: readonly Case[] = cases({
  async "fetch: successive calls carry one token, as authorization"(world) {
    const { authenticator, tokens, api } = await world.set();

    for (let call = 0; call < 3; call++) assertEquals(await read(authenticator.fetch("/x")), fine);

    assertEquals(await seen(api), Array(3).fill(bearer(1)));
    assertEquals(await count(tokens), [1]);
  },
  async "fetch: 50 first calls at once make one token request"(world) {
    const { authenticator, tokens, api } = await world.set({ tokens: { usual: late(50, issues()) } });

    assertEquals(await together(50, () => read(authenticator.fetch("/x"))), Array(50).fill(fine));

    assertEquals(await count(tokens, api), [1, 50]);
  },
  async "fetch: takes what the platform's fetch takes: relative and absolute URLs, Requests"(world) {
    const { authenticator, api } = await world.set();

    await read(authenticator.fetch("/a?b=c#d"));
    await read(authenticator.fetch(`${api.origin}/e`));
    await read(authenticator.fetch(new URL("/f", api.origin)));
    await read(authenticator.fetch(new Request(`${api.origin}/g`, { method: "DELETE", headers: { "x-own": "1" } })));
    await read(authenticator.fetch(new Request(`${api.origin}/h`), { method: "PUT" }));

    assertEquals(
      (await api.requests()).map(({ method, path, headers }) => [method, path, headers["x-own"]].join(" ")),
      ["GET /a?b=c ", "GET /e ", "GET /f ", "DELETE /g 1", "PUT /h "],
    );
    assertEquals(await seen(api), Array(5).fill(bearer(1)));
  },
  async "fetch: resolves a relative URL against the endpoint's path"(world) {
    const { authenticate, api } = await world.set();

    await read(authenticate({ endpoint: `${api.origin}/base/` }).fetch("v1/x"));

    assertEquals((await api.requests()).map(({ path }) => path), ["/base/v1/x"]);
  },
  async "fetch: is bound to its authenticator"(world) {
    const { authenticator: { fetch }, api } = await world.set();

    assertEquals(await read([fetch].map((call) => call("/x"))[0] as Promise<Response>), fine);
    assertEquals(await count(api), [1]);
  },
  async "the fetch option: may be the platform's own"(world) {
    const { authenticator, tokens } = await world.set({ options: { fetch: globalThis.fetch } });

    assertEquals(await read(authenticator.fetch("/x")), fine);
    assertEquals(await count(tokens), [1]);
  },
  async "the fetch option: sends the token request and the call"(world) {
    const origins: string[] = [];
    const send: typeof fetch = (input, init) => {
      origins.push(new URL(String(input)).origin);
      return fetch(input, init);
    };
    const { authenticator, api, tokens } = await world.set({ options: { fetch: send } });

    assertEquals(await read(authenticator.fetch("/x")), fine);
    assertEquals(origins, [tokens.origin, api.origin]);
  },
  async "a config store: is asked once for each token request, and names the header"(world) {
    const { authenticate, tokenEndpoint, api } = await world.set();
    const configStore = new CountingStore({ tokenEndpoint, headerKey: "X-Store" });
    const authenticator = authenticate({ configStore });
    assertEquals(configStore.asked, 0);

    await read(authenticator.fetch("/x"));
    await read(authenticator.fetch("/x"));
    assertEquals(configStore.asked, 1);
    await authenticator.refreshCredentials();

    assertEquals(configStore.asked, 2);
    assertEquals(await seen(api, "x-store"), [bearer(1), bearer(1)]);
    assertEquals(await seen(api), [undefined, undefined]);
  },
  async "headerKey: the caller's takes precedence over the store's"(world) {
    const { authenticate, tokenEndpoint, api } = await world.set();
    const configStore = new CountingStore({ tokenEndpoint, headerKey: "x-store" });

    await read(authenticate({ configStore, headerKey: "X-Caller" }).fetch("/x"));

    assertEquals([...await seen(api, "x-caller"), ...await seen(api, "x-store")], [bearer(1), undefined]);
  },
  async "fetch: keeps the caller's own header, without a token request"(world) {
    const { authenticator, authenticate, tokens, api } = await world.set();

    await read(authenticator.fetch("/x", { headers: { Authorization: "Own 1" } }));
    await read(authenticate({ headerKey: "authorization" }).fetch("/x", { headers: { Authorization: "Own 2" } }));

    assertEquals(await seen(api), ["Own 1", "Own 2"]);
    // Without headerKey the store must name the header first, which takes a token request.
    await assertCount(tokens, 0, 1);
  },
  async "fetch: calls another origin without the token, and without a token request"(world) {
    const { authenticator, tokens, elsewhere } = await world.set();

    assertEquals(await read(authenticator.fetch(`${elsewhere.origin}/x`)), [200, "elsewhere"]);

    assertEquals(await seen(elsewhere), [undefined]);
    assertEquals(await count(tokens), [0]);
  },
  async "allowedOrigins: get the token as well"(world) {
    const { authenticate, elsewhere } = await world.set();

    await read(authenticate({ allowedOrigins: [elsewhere.origin] }).fetch(`${elsewhere.origin}/x`));

    assertEquals(await seen(elsewhere), [bearer(1)]);
  },
  async "authorize: adds the token to headers, unless they have one"(world) {
    const { authenticator } = await world.set();
    const headers = new Headers({ "x-own": "1" });

    assertStrictEquals(await authenticator.authorize(headers), headers);
    const own = await authenticator.authorize(new Headers({ authorization: "Own" }));

    assertEquals([headers.get("authorization"), headers.get("x-own")], [bearer(1), "1"]);
    assertEquals(own.get("authorization"), "Own");
  },
  async "credentials: are undefined at first, kept by getCredentials, replaced by refreshCredentials"(world) {
    const { authenticator, tokens } = await world.set();
    assertEquals(authenticator.credentials, undefined);

    const first = await authenticator.getCredentials();
    assertStrictEquals(await authenticator.getCredentials(), first);
    assertStrictEquals(authenticator.credentials, first);
    const second = await authenticator.refreshCredentials();

    assert(first instanceof Credentials);
    assertEquals([first.accessToken, second.accessToken], [nthToken(1), nthToken(2)]);
    assertStrictEquals(authenticator.credentials, second);
    assertEquals(await count(tokens), [2]);
  },
  async "refreshCredentials: 20 calls at once share one token request"(world) {
    const { authenticator, tokens } = await world.set({ tokens: { usual: late(50, issues()) } });

    const all = await together(20, () => authenticator.refreshCredentials());

    assertEquals(new Set(all.map(({ accessToken }) => accessToken)), new Set([nthToken(1)]));
    assertEquals(await count(tokens), [1]);
  },
  async "two authenticators: keep their tokens apart"(world) {
    const { authenticator, authenticate, api, elsewhere } = await world.set();
    const other = authenticate({ endpoint: elsewhere.origin });

    await read(authenticator.fetch("/x"));
    await together(5, () => Promise.all([read(authenticator.fetch("/x")), read(other.fetch("/x"))]));

    assertEquals(new Set(await seen(api)), new Set([bearer(1)]));
    assertEquals(new Set(await seen(elsewhere)), new Set([bearer(2)]));
  },
  async "Authenticator: a subclass has a token source of its own"(world) {
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
    assertEquals(await seen(api, "x-grant"), [bearer(1)]);
  },
  async "close: waiting calls reject with an AbortError, and the token request ends"(world) {
    const { authenticator, tokens } = await world.set({ tokens: { usual: stalled } });
    const waiting = Promise.allSettled([authenticator.getCredentials(), authenticator.fetch("/x")]);
    await arrival(tokens);

    await authenticator.close();

    const reasons = (await waiting).map((settled) => settled.status === "rejected" && settled.reason.name);
    assertEquals(reasons, ["AbortError", "AbortError"]);
    await until(async () => await tokens.hangUps() === 1);
  },
  async "Symbol.asyncDispose: closes an authenticator where the platform has it"(world) {
    const { authenticator } = await world.set();
    await authenticator.getCredentials();

    if (Symbol.asyncDispose) await authenticator[Symbol.asyncDispose]();
    else await authenticator.close();

    await assertRejects(() => authenticator.getCredentials());
  },
  async "onEvent: gets what happens, without secrets; an error of its own changes nothing"(world) {
    const events: AuthenticatorEvent[] = [];
    const onEvent = (event: AuthenticatorEvent) => {
      events.push(event);
      throw new Error("The listener's own error.");
    };
    const { authenticator } = await world.set({ api: { next: [rejected] }, options: { onEvent } });

    assertEquals(await read(authenticator.fetch("/x")), fine);
    await authenticator.getCredentials();

    assertEquals(events.map((event) => "reason" in event ? `${event.type} ${event.reason}` : event.type), [
      ...["token_requested first", "token_issued first", "token_rejected", "token_requested rejected"],
      ...["token_issued rejected", "request_replayed", "token_reused"],
    ]);
    assert(!JSON.stringify(events).includes("planted"));
  },
  async "fetch: rejects as the platform's fetch does where the API closes the connection"(world) {
    const { authenticator, tokens } = await world.set({ api: { usual: { steps: ["reset"] } } });

    await assertRejects(() => authenticator.fetch("/x"));

    assertEquals(await count(tokens), [1]);
  },
});

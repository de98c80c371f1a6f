/** What a program does with an authenticator. @module */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { type AuthenticatorEvent, Credentials, StaticClientConfigStore } from "@m2m/authenticator";
import { issues, late, rejected, stalled } from "./behaviours.ts";
import { type Case, cases } from "./case.ts";
import { check, outline } from "./check.ts";
import { bearer, nthToken } from "./planted.ts";
import { arrival, assertCount, count, fine, read, seen, type Setting, together, until } from "./world.ts";

const own = (value: string): RequestInit => ({ headers: { Authorization: value } });
const named = (_: unknown, tokenEndpoint: string) => ({
  configStore: new StaticClientConfigStore({ tokenEndpoint, headerKey: "X-Store" }),
});
const two: Setting["options"] = (...scene) => ({ ...named(...scene), headerKey: "X-Caller" });

const based: Setting["options"] = ({ api }) => ({ endpoint: `${api.origin}/base/` });
const allowing: Setting["options"] = ({ elsewhere }) => ({ allowedOrigins: [elsewhere.origin] });
const slow = { usual: late(50, issues()) };

export const use: readonly Case[] = cases({
  "fetch: successive calls carry one token, as authorization": (world) => {
    const expected = { tokens: 1, api: Array(3).fill("GET /x 1") };
    return check(world, {}, expected, ["/x"], ["/x"], ["/x"]);
  },
  async "fetch: takes what the platform's fetch takes: relative and absolute URLs, Requests"(world) {
    const { call, api } = await world.set();

    await call("/a?b=c#d");
    await call(`${api.origin}/e`);
    await call(new URL("/f", api.origin));
    await call(new Request(`${api.origin}/g`, { method: "DELETE", headers: { "x-own": "1" } }));
    await call(new Request(`${api.origin}/h`), { method: "PUT" });

    const expected = ["GET /a?b=c 1", "GET /e 1", "GET /f 1", "DELETE /g 1 x-own 1", "PUT /h 1"];
    assertEquals((await api.requests()).map(outline), expected);
  },
  "fetch: resolves a relative URL against the endpoint's path": (world) =>
    check(world, { options: based }, { api: ["GET /base/v1/x 1"] }, ["v1/x"]),
  "fetch: calls another origin without the token, and without a token request": (world) =>
    check(world, {}, { gets: "200 elsewhere", elsewhere: ["GET /x"], tokens: 0 }, ["{elsewhere}/x"]),
  "the fetch option: may be the platform's own": (world) =>
    check(world, { options: { fetch: globalThis.fetch } }, { tokens: 1 }),
  "headerKey: the caller's takes precedence over the store's": (world) =>
    check(world, { options: two }, { api: ["GET /x x-caller 1"] }),
  "headerKey: the store's names the header": (world) => check(world, { options: named }, { api: ["GET /x x-store 1"] }),
  "allowedOrigins: get the token as well": (world) =>
    check(world, { options: allowing }, { gets: "200 elsewhere", elsewhere: ["GET /x 1"] }, ["{elsewhere}/x"]),
  "fetch: 50 first calls at once make one token request": (world) =>
    check(world, { tokens: slow }, { tokens: 1, api: Array(50).fill("GET /x 1"), atOnce: 50 }),
  async "fetch: is bound to its authenticator"(world) {
    const { authenticator: { fetch }, api } = await world.set();

    assertEquals([await read(fetch("/x")), ...await count(api)], [fine, 1]);
  },
  async "the fetch option: sends the token request and the call"(world) {
    const origins: string[] = [];
    const send: typeof fetch = (input, init) => {
      origins.push(new URL(String(input)).origin);
      return fetch(input, init);
    };
    const { call, api, tokens } = await world.set({ options: { fetch: send } });

    assertEquals([await call(), ...origins], [fine, tokens.origin, api.origin]);
  },
  async "fetch: keeps the caller's own header, without a token request"(world) {
    const { call, authenticate, tokens, api } = await world.set();

    await call("/x", own("Own 1"));
    await read(authenticate({ headerKey: "authorization" }).fetch("/x", own("Own 2")));

    assertEquals(await seen(api), ["Own 1", "Own 2"]);
    // Without headerKey the store must name the header first, which takes a token request.
    await assertCount(tokens, [0, 1]);
  },
  async "authorize: adds the token to headers, unless they have one"(world) {
    const { authenticator } = await world.set();
    const headers = new Headers({ "x-own": "1" });

    assertStrictEquals(await authenticator.authorize(headers), headers);
    const own = await authenticator.authorize(new Headers({ authorization: "Own" }));

    const values = [headers.get("authorization"), headers.get("x-own"), own.get("authorization")];
    assertEquals(values, [bearer(1), "1", "Own"]);
  },
  async "credentials: are undefined at first, kept by getCredentials, replaced by refreshCredentials"(world) {
    const { authenticator, tokens } = await world.set();
    assertEquals(authenticator.credentials, undefined);

    const first = await authenticator.getCredentials();
    assert(first instanceof Credentials && first === await authenticator.getCredentials());
    assertStrictEquals(authenticator.credentials, first);
    const second = await authenticator.refreshCredentials();

    assertEquals([first.accessToken, second.accessToken], [nthToken(1), nthToken(2)]);
    assertStrictEquals(authenticator.credentials, second);
    assertEquals(await count(tokens), [2]);
  },
  async "refreshCredentials: 20 calls at once share one token request"(world) {
    const { authenticator, tokens } = await world.set({ tokens: slow });

    const all = await together(20, () => authenticator.refreshCredentials());

    assertEquals(all.map(({ accessToken }) => accessToken), Array(20).fill(nthToken(1)));
    assertEquals(await count(tokens), [1]);
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
    const { authenticator, call } = await world.set({ api: { next: [rejected] }, options: { onEvent } });

    assertEquals(await call(), fine);
    await authenticator.getCredentials();

    assertEquals(events.map((event) => "reason" in event ? `${event.type} ${event.reason}` : event.type), [
      ...["token_requested first", "token_issued first", "token_awaited first", "token_rejected"],
      ...["token_requested rejected", "token_issued rejected", "token_awaited rejected", "request_replayed"],
      "token_reused",
    ]);
    assert(!JSON.stringify(events).includes("planted"));
  },
  async "fetch: rejects as the platform's fetch does where the API closes the connection"(world) {
    const { call, tokens } = await world.set({ api: { usual: { steps: ["reset"] } } });

    await assertRejects(() => call());

    assertEquals(await count(tokens), [1]);
  },
});

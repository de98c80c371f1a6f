/**
 * A kit to test programs that get tokens: an authorization server and an API inside the process, a clock, assertions.
 *
 * - {@linkcode testServers} makes both servers, and options for an authenticator.
 * - {@linkcode behaviours} are what they can be told to do.
 * - {@linkcode testClock} is a clock that tests move.
 * - {@linkcode staticAuthenticator} is an authenticator without servers.
 *
 * The servers are `fetch` handlers: `Deno.serve(kit.api.fetch)`, `http.all(/\.test\//, ({ request }) => kit.fetch(request))`
 * in MSW, `app.all("*", ({ req }) => kit.fetch(req.raw))` in Hono. `m2m test-server` serves them to clients in other
 * languages. Certificates (mutual TLS) are nothing that a handler sees.
 *
 * @module
 */

export { type TestClientOptions, type TestServers, testServers, type TestServersOptions } from "./test_servers.ts";
export type { TestAuthorizationServer } from "./authorization_server.ts";
export type { TestApi, TestApiAnswer } from "./protected_api.ts";
export type { TestClient } from "./client_authentication.ts";
export type { TestToken, TokenGrant } from "./issued_tokens.ts";
export type { RecordedRequest } from "./recorded_request.ts";
export type { Behaviour, BehaviourOptions, TestServer } from "./scripted_server.ts";
export { type AnswerOptions, type Behaviours, behaviours, type Stall } from "./behaviours.ts";
export { type TestClock, testClock } from "./test_clock.ts";
export { staticAuthenticator, type StaticAuthenticatorOptions } from "./static_authenticator.ts";

/**
 * What a token endpoint refuses, and other ways to write the same id and secret: pure functions, as tables.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { listVariants } from "../../src/doctor/client_variants.ts";
import { findClockEvidence } from "../../src/doctor/clock_evidence.ts";
import { nameSetting } from "../../src/doctor/name_setting.ts";
import { classifyRefusal, type RefusalContext, type RefusalKind } from "../../src/doctor/token_refusal.ts";

const refusals: readonly [name: string, kind: RefusalKind, context: Partial<RefusalContext>][] = [
  ["the standard's own", "client", { status: 401, error: "invalid_client" }],
  ["401 with plain text", "client", { status: 401, text: "Unauthorized" }],
  ["by post", "client", { status: 400, error: "invalid_client" }],
  ["Zoho's 200", "client", { status: 200, error: "invalid_client_secret" }],
  ["an empty 403", "client", { status: 403, code: "token_endpoint_error" }],
  ["an unknown client by 404", "client", { status: 404, error: "other_error" }],
  ["Keycloak's wrong secret", "client", {
    status: 401,
    error: "unauthorized_client",
    text: "Invalid client or Invalid client credentials",
  }],
  ["Keycloak without a service account", "grant", {
    status: 401,
    error: "unauthorized_client",
    text: "Client not enabled to retrieve service account",
  }],
  ["Auth0's wrong secret", "client", { status: 401, error: "access_denied", text: "Unauthorized" }],
  ["Auth0's API without a grant", "target", {
    status: 403,
    error: "access_denied",
    text: "Client is not authorized to access the audience",
  }],
  ["Auth0's API that it doesn't know", "target", {
    status: 403,
    error: "access_denied",
    text: "Service not found: https://api.example.com",
  }],
  ["an audience that is quoted", "target", { status: 403, error: "access_denied", text: "no", namesTarget: true }],
  ["Okta's policy", "denied", { status: 400, error: "access_denied", text: "Policy evaluation failed" }],
  ["a firewall's code", "denied", { status: 403, code: "token_endpoint_error", text: "error code: 1020" }],
  ["Entra's unknown application", "client", {
    status: 400,
    error: "unauthorized_client",
    text: "AADSTS700016: Application with identifier 'a.b' was not found in the directory",
  }],
  ["Entra's unknown tenant", "not found", {
    status: 400,
    error: "invalid_request",
    text: "AADSTS90002: Tenant 'example.com' not found",
  }],
  ["Entra's unknown API, which is in the scope", "scope", {
    status: 400,
    error: "invalid_resource",
    text: "AADSTS500011: The resource principal was not found",
    hasTarget: false,
  }],
  ["Keycloak without TLS", "http", { status: 403, error: "invalid_request", text: "HTTPS required" }],
  ["nginx without TLS", "http", {
    status: 400,
    code: "token_endpoint_error",
    text: "<title>400 The plain HTTP request was sent to HTTPS port</title>",
    isHtml: true,
  }],
  ["a server that is busy", "failed", { status: 400, error: "temporarily_unavailable" }],
  ["Salesforce without a user", "dpop perhaps", {
    status: 400,
    error: "invalid_grant",
    text: "no client credentials user enabled",
  }],
  ["better-auth's client without scopes", "grant", {
    status: 400,
    error: "unauthorized_client",
    text: "client has no authorized client_credentials scopes",
  }],
  ["oidc-provider's grant", "grant", {
    status: 400,
    error: "invalid_request",
    text: "requested grant type is not allowed for this client",
  }],
  ["a grant that isn't implemented", "grant", { status: 501, code: "token_endpoint_error" }],
  ["a form that isn't read", "form", { status: 400, error: "invalid_request", text: "grant_type is missing" }],
  ["a content type that isn't taken", "form", { status: 415, code: "token_endpoint_error" }],
  ["a scope", "scope", { status: 400, error: "invalid_scope" }],
  ["a scope, where none is sent", "missing", { status: 400, error: "scope_invalid", hasScope: false }],
  ["a target", "target", { status: 400, error: "invalid_target" }],
  ["Entra's scope", "missing", {
    status: 400,
    error: "invalid_request",
    text: "AADSTS90014: The required field 'scope' is missing",
  }],
  ["an audience that is missing", "missing", { status: 400, error: "invalid_request", text: "audience is required" }],
  ["no reason", "unclear", { status: 400, error: "invalid_request", text: "bad request" }],
  ["a proof that is missing", "dpop required", { status: 400, error: "invalid_dpop_proof", text: "DPoP is missing" }],
  ["a proof", "dpop rejected", { status: 400, error: "invalid_dpop_proof", usesDpop: true }],
  ["a nonce", "dpop nonce", { status: 400, error: "use_dpop_nonce", usesDpop: true }],
  ["nginx without a certificate", "certificate", {
    status: 400,
    code: "token_endpoint_error",
    text: "<title>400 No required SSL certificate was sent</title>",
    isHtml: true,
  }],
  ["too many", "limited", { status: 429, code: "token_endpoint_error" }],
  ["a failure", "failed", { status: 503, code: "token_endpoint_error" }],
  ["a page", "page", { status: 200, code: "invalid_response", isHtml: true }],
  ["a firewall's page", "page", { status: 403, code: "token_endpoint_error", isHtml: true }],
  ["no such place", "not found", { status: 404, code: "token_endpoint_error" }],
  ["no such place, as JSON", "not found", { status: 404, error: "not_found" }],
  ["a type", "type", { code: "unsupported_token_type" }],
  ["no answer", "unanswered", { code: "timeout" }],
];

Deno.test("A refusal is classified by status, code and words", async (context) => {
  const usual = {
    code: "token_request_rejected",
    text: "",
    isHtml: false,
    usesDpop: false,
    hasScope: true,
    hasTarget: true,
  };
  for (const [name, kind, refusal] of refusals) {
    await context.step(name, () => assertEquals(classifyRefusal({ ...usual, ...refusal }), kind));
  }
});

type Given = Partial<Parameters<typeof listVariants>[0]>;
const variants: readonly [name: string, given: Given, names: readonly string[]][] = [
  ["an alphanumeric secret is the same raw", { secret: "abc123" }, ["post"]],
  ["a special one isn't", { secret: "a%c" }, ["raw Basic", "post"]],
  ["raw in use", { secret: "a%c", encoding: "raw" }, ["form Basic", "post"]],
  ["post in use", { secret: "a%c", method: "client_secret_post" }, ["raw Basic", "form Basic"]],
  ["post in use, alphanumeric", { secret: "abc", method: "client_secret_post" }, ["form Basic"]],
  ["Basic advertised alone", { secret: "abc", advertised: ["client_secret_basic"] }, []],
  ["post advertised alone", { secret: "a%c", advertised: ["client_secret_post"] }, ["post"]],
  ["a line break", { secret: "abc\n" }, ["trimmed form Basic", "trimmed post"]],
  ["a character that isn't seen", { secret: "abc\u200b" }, ["trimmed form Basic", "trimmed post"]],
  ["a blank in the id", { secret: "a%c", clientId: " id" }, ["trimmed form Basic", "trimmed raw Basic"]],
  ["a colon in the id", { secret: "a%c", clientId: "a:b" }, ["post"]],
  ["another method", { secret: "a%c", method: "client_secret_jwt" }, []],
];

Deno.test("A refused secret is written in two other ways at most", async (context) => {
  const usual = { method: "client_secret_basic", encoding: "form", clientId: "id", nameOption: String } as const;
  for (const [name, given, names] of variants) {
    await context.step(name, () => {
      const { method = usual.method } = given;
      const encoding = method === usual.method ? given.encoding ?? "form" : undefined;
      assertEquals(listVariants({ ...usual, ...given, encoding }).map((variant) => variant.name), names);
    });
  }
});

Deno.test("A signed request that is dated outside of what servers tolerate shows a clock that is off", async (context) => {
  const server = Date.UTC(2026, 10, 29, 12);
  const headers = new Headers({ date: new Date(server).toUTCString() });
  const table: readonly [name: string, iat: number, exp: number | undefined, figure: string | undefined][] = [
    ["as it should be", -10, 50, undefined],
    ["an assertion that is dated ahead", 80, 140, "90 seconds ahead of the server's"],
    ["an assertion that has ended", -100, -40, "90 seconds behind the server's"],
    ["an old proof", -95, undefined, "90 seconds behind the server's"],
    ["a proof within the tolerance", -50, undefined, undefined],
  ];
  for (const [name, iat, exp, figure] of table) {
    await context.step(name, () => {
      const seconds = (value: number) => server / 1_000 + value;
      const claims = { iat: seconds(iat), ...exp !== undefined && { exp: seconds(exp) } };
      const offset = iat > 0 ? 90_000 : -90_000;
      const answer = { headers, receivedAt: server + offset };
      assertEquals(findClockEvidence({ jwt: { header: {}, claims }, answer, offset })?.figure, figure);
    });
  }
});

Deno.test("An option is named as code or as a command line has it", () => {
  assertEquals(nameSetting(String, "headerKey", "x-token"), 'headerKey: "x-token"');
  assertEquals(nameSetting(String, "scopes", ["a", "b"]), 'scopes: ["a","b"]');
  assertEquals(nameSetting(String, "dpop", { code: "dpop()" }), "dpop: dpop()");
  const flags = (option: string) => `--${option.toLowerCase()}`;
  assertEquals(nameSetting(flags, "scopes", ["a", "b"]), "--scopes a b");
  assertEquals(nameSetting(flags, "dpop", { code: "dpop()" }), "--dpop");
});

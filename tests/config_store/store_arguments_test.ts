import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { FlyteClientConfigStore, type FlyteOptions } from "@m2m/authenticator/config-store/flyte";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";

type Options = Record<string, unknown>;

const issuer = "https://auth.test";
const api = "https://api.test/mcp";
const stores: Record<string, (url: unknown, options?: Options) => unknown> = {
  discovery: (url, options) => new DiscoveryClientConfigStore(url as string, options),
  api: (url, options) => new ProtectedResourceClientConfigStore(url as string, options!),
  flyte: (url, options) => new FlyteClientConfigStore(url as string, options),
};

/** Refused by every store. */
const common: [options: Options, says: string][] = [
  [{ maxAge: -1 }, "maxAge must be"],
  [{ maxAge: NaN }, "maxAge must be"],
  [{ timeout: 0 }, "timeout must be"],
  [{ timeout: 2 ** 31 }, "timeout must be"],
  [{ fetch: 7 }, "fetch must be a function"],
  [{ overrides: { scopes: "all" } }, "scopes must be an array"],
  [{ overrides: { scopes: ["a b"] } }, "one scope (RFC 6749 §3.3) an element"],
  [{ overrides: { headerKey: "a b" } }, "headerKey must be a header name"],
  [{ overrides: { resource: "/api" } }, "resource must be an absolute URI"],
  [{ overrides: { resource: "https://x.test/#a" } }, "without fragment (RFC 8707 §2)"],
];
const wrong: [store: string, url: unknown, options: Options, says: string][] = [
  ...common.flatMap(([options, says]): typeof wrong => [
    ["discovery", issuer, options, says],
    ["api", api, { issuer, ...options }, says],
    ["flyte", "flyte.test", options, says],
  ]),
  ["discovery", "", {}, "issuer must be an absolute URL"],
  ["discovery", "auth.example.com", {}, "issuer must be an absolute URL"],
  ["discovery", "https://me:planted@auth.test", {}, "without user name and password"],
  ["discovery", "https://auth.test/?planted", {}, "neither query nor fragment"],
  ["discovery", "https://auth.test/#planted", {}, "neither query nor fragment"],
  ["discovery", "https://auth.test\n", {}, "without white space"],
  ["discovery", " https://auth.test", {}, "without white space"],
  ["discovery", "https://auth.test/a/../b", {}, '"https://auth.test/b"'],
  ["discovery", "https:auth.test", {}, "as it is resolved"],
  ["discovery", "https:\\\\auth.test", {}, '"https://auth.test/"'],
  ["discovery", "http://auth.test", {}, 'issuer must be an "https:" URL'],
  ["api", "", { issuer }, "resource must be an absolute URL"],
  ["api", "api.example.com", { issuer }, "resource must be an absolute URL"],
  ["api", "https://me:planted@api.test", { issuer }, "without user name"],
  ["api", "https://api.test/#planted", { issuer }, "resource must have no fragment"],
  ["api", "http://api.test", { issuer }, 'resource must be an "https:" URL'],
  ["api", api, undefined as unknown as Options, "issuer is required"],
  ["api", api, {}, "issuer is required"],
  ["api", api, { issuers: [] }, "issuer is required"],
  ["api", api, { issuers: issuer }, "issuers, an array"],
  ["api", api, { issuer, issuers: [issuer] }, "not both"],
  ["api", api, { issuer: "http://auth.test" }, 'issuer must be an "https:" URL'],
  ["api", api, { issuers: [issuer, "auth.test"] }, "issuer must be an absolute URL"],
  ["flyte", undefined, {}, "endpoint must be a platform's"],
  ["flyte", "", {}, "endpoint must be an absolute URL"],
  ["flyte", "http://flyte.test", {}, "or set insecure"],
  ["flyte", "dns://8.8.8.8/flyte.test", {}, "endpoint must be a platform's"],
  ["flyte", " dns://8.8.8.8/flyte.test", {}, "endpoint must be a platform's"],
  ["flyte", "dns://8.8.8.8\\flyte.test", {}, "endpoint must be a platform's"],
  ["flyte", "dns://8.8.8.8\n/flyte.test", {}, "endpoint must be a platform's"],
  ["flyte", "dns:/flyte.test", {}, "endpoint must be a platform's"],
  ["flyte", "dns:443", {}, "endpoint must be a platform's"],
  ["flyte", "file:///etc/hosts", {}, "must be an absolute URL"],
  ["flyte", "https://flyte.test/?x=1", {}, "neither query nor fragment"],
  ["flyte", "https://a:b@flyte.test", {}, "without user name and password"],
];
for (const [store, url, options, says] of wrong) {
  Deno.test(`${store} store: refuses ${Deno.inspect(url)} with ${Deno.inspect(options)}`, () => {
    const error = assertThrows(() => stores[store]!(url, options), Error, says);
    assert(/maxAge|timeout/.test(says) ? error instanceof RangeError : error instanceof TypeError);
    assertFalse(error.message.includes("planted"));
  });
}

Deno.test("stores: accept http: where it is allowed, or on loopback", () => {
  for (const options of [{ allowInsecureRequests: true }, { allowInsecureRequests: true, maxAge: Infinity }]) {
    new DiscoveryClientConfigStore("http://auth.test", options);
    new ProtectedResourceClientConfigStore("http://api.test", { issuer, ...options });
  }
  new DiscoveryClientConfigStore("http://[::1]:8080/x", { maxAge: Infinity });
  new ProtectedResourceClientConfigStore("http://[::1]:8080/x", { issuer: "http://localhost:1", maxAge: Infinity });
});

const endpoints: [endpoint: string, options: FlyteOptions, expected: string][] = [
  ["https://flyte.test", {}, "https://flyte.test"],
  ["https://flyte.test/", {}, "https://flyte.test"],
  ["https://flyte.test/base/", {}, "https://flyte.test/base/"],
  ["dns:///flyte.test", {}, "https://flyte.test"],
  ["dns:///flyte.test:8089", {}, "https://flyte.test:8089"],
  ["dns:///flyte.test:8089", { insecure: true }, "http://flyte.test:8089"],
  ["flyte.test:443", {}, "https://flyte.test"],
  ["localhost:30080", { insecure: true }, "http://localhost:30080"],
  ["http://127.0.0.1:30080", {}, "http://127.0.0.1:30080"],
  ["http://flyte.test", { insecure: true }, "http://flyte.test"],
  ["http://flyte.test", { allowInsecureRequests: true }, "http://flyte.test"],
];
for (const [endpoint, options, expected] of endpoints) {
  Deno.test(`FlyteClientConfigStore: reads ${endpoint} with ${JSON.stringify(options)} as ${expected}`, () => {
    assertEquals(new FlyteClientConfigStore(endpoint, options).endpoint, expected);
  });
}

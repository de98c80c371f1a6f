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
  [{ overrides: { headerKey: "a b" } }, "headerKey must be a header name"],
  [{ overrides: { resource: "/api" } }, "resource must be an absolute URI"],
];
const dns = "dns://8.8.8.8";
const noPlatforms = [
  ...[undefined, "flyte\n.test", "dns:/flyte.test", "dns:443"],
  ...[`${dns}/f.test`, ` ${dns}/f.test`, `${dns}\\f.test`, `${dns}\n/f.test`],
];
const urls: [store: string, says: string, ...urls: unknown[]][] = [
  ["discovery", "issuer must be an absolute URL", "", "auth.example.com"],
  ["discovery", "without user name and password", "https://me:planted@auth.test"],
  ["discovery", "neither query nor fragment", "https://auth.test/?planted", "https://auth.test/#planted"],
  ["discovery", "without white space", "https://auth.test\n", " https://auth.test"],
  ["discovery", '"https://auth.test/b"', "https://auth.test/a/../b"],
  ["discovery", '"https://auth.test/"', "https:auth.test", "https:\\\\auth.test"],
  ["discovery", 'issuer must be an "https:" URL', "http://auth.test"],
  ["api", "resource must be an absolute URL", "", "api.example.com"],
  ["api", "without user name", "https://me:planted@api.test"],
  ["api", "resource must have no fragment", "https://api.test/#planted"],
  ["api", 'resource must be an "https:" URL', "http://api.test"],
  ["flyte", "endpoint must be a platform's", ...noPlatforms],
  ["flyte", "endpoint must be an absolute URL", "", "file:///etc/hosts"],
  ["flyte", "or set insecure", "http://flyte.test"],
  ["flyte", "neither query nor fragment", "https://flyte.test/?x=1"],
  ["flyte", "without user name and password", "https://a:b@flyte.test"],
];
const issuers: [options: Options | undefined, says: string][] = [
  [undefined, "issuer is required"],
  [{}, "issuer is required"],
  [{ issuers: [] }, "issuer is required"],
  [{ issuers: issuer }, "issuers, an array"],
  [{ issuer, issuers: [issuer] }, "not both"],
  [{ issuer: "http://auth.test" }, 'issuer must be an "https:" URL'],
  [{ issuers: [issuer, "auth.test"] }, "issuer must be an absolute URL"],
];
const good: Record<string, string> = { discovery: issuer, api, flyte: "flyte.test" };
const wrong: (readonly [store: string, url: unknown, options: Options | undefined, says: string])[] = [
  ...urls.flatMap(([store, says, ...urls]) => urls.map((url) => [store, url, { issuer }, says] as const)),
  ...Object.entries(good).flatMap(([store, url]) =>
    common.map(([options, says]) => [store, url, { issuer, ...options }, says] as const)
  ),
  ...issuers.map(([options, says]) => ["api", api, options, says] as const),
];
for (const [store, url, options, says] of wrong) {
  Deno.test(`${store} store: refuses ${Deno.inspect(url)} with ${Deno.inspect(options)}`, () => {
    const error = assertThrows(() => stores[store]!(url, options), Error, says);
    assert(/maxAge|timeout/.test(says) ? error instanceof RangeError : error instanceof TypeError);
    assertFalse(error.message.includes("planted"));
  });
}

const plain: [store: string, url: string, options: Options][] = [
  ["discovery", "http://auth.test", { allowInsecureRequests: true }],
  ["discovery", "http://[::1]:8080/x", { maxAge: Infinity }],
  ["api", "http://api.test", { issuer, allowInsecureRequests: true }],
  ["api", "http://[::1]:8080/x", { issuer: "http://localhost:1", maxAge: Infinity }],
];
for (const [store, url, options] of plain) {
  Deno.test(`${store} store: accepts ${url} with ${Deno.inspect(options)}`, () => void stores[store]!(url, options));
}

const endpoints: [endpoint: string, options: FlyteOptions, expected: string][] = [
  ["https://flyte.test", {}, "https://flyte.test"],
  ["https://flyte.test/", {}, "https://flyte.test"],
  ["https://flyte.test/base/", {}, "https://flyte.test/base/"],
  ["https://flyte.test/x", { insecure: true }, "https://flyte.test/x"],
  ["dns:///flyte.test", {}, "https://flyte.test"],
  ["dns://flyte.test", {}, "https://flyte.test"],
  ["dns:///flyte.test:8089", {}, "https://flyte.test:8089"],
  ["dns:///flyte.test:8089", { insecure: true }, "http://flyte.test:8089"],
  ["flyte.test:443", {}, "https://flyte.test"],
  ["flyte.test", { insecure: true }, "http://flyte.test"],
  ["localhost:30080", {}, "https://localhost:30080"],
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

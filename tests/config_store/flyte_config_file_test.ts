import { assert, assertEquals, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { type FlyteConfig, parseFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
import fc from "fast-check";
import { assertNothingShows, planted } from "../faults/planted.ts";

/** Lines of the file, and what they set. */
const settings: [line: string, config?: FlyteConfig][] = [
  ["endpoint: dns:///flyte.test:8089", { endpoint: "dns:///flyte.test:8089" }],
  ["insecure: false", { insecure: false }],
  ["insecureSkipVerify: true", { insecureSkipVerify: true }],
  ["caCertFilePath: /etc/ca.pem", { caCertFilePath: "/etc/ca.pem" }],
  ["httpProxyURL: http://proxy.test:3128", { httpProxyUrl: "http://proxy.test:3128" }],
  ["authType: ClientSecret", { authType: "ClientSecret" }],
  ["clientId: my-client", { clientId: "my-client" }],
  ["clientSecretLocation: /etc/secrets/client_secret", { clientSecretLocation: "/etc/secrets/client_secret" }],
  ["clientSecretEnvVar: MY_SECRET", { clientSecretEnvVar: "MY_SECRET" }],
  ["scopes: [all, offline]", { scopes: ["all", "offline"] }],
  ["audience: https://flyte.test", { audience: "https://flyte.test" }],
  ["authorizationHeader: Flyte-Authorization", { authorizationHeader: "flyte-authorization" }],
  ["command: [never, run]"],
];
const older: typeof settings = [
  ["  ; a comment"],
  ["  [platform]"],
  ["url = dns:///flyte.test", { endpoint: "dns:///flyte.test" }],
  ["  insecure: True", { insecure: true }],
  ["ca_cert_file_path=/etc/ca.pem", { caCertFilePath: "/etc/ca.pem" }],
  ["http_proxy_url = http://proxy.test:3128\n", { httpProxyUrl: "http://proxy.test:3128" }],
  ["[credentials]"],
  ["client_id = my-client", { clientId: "my-client" }],
  [`client_secret = ${planted.token}`],
  ["client_secret_location = /etc/secrets/client_secret", { clientSecretLocation: "/etc/secrets/client_secret" }],
  ["scopes = all,offline", { scopes: ["all", "offline"] }],
  ["auth_mode = client_credentials\n", { authType: "client_credentials" }],
  ["[sdk]\nclient_id = other"],
];
const mergeConfigs = (lines: typeof settings) => Object.assign({}, ...lines.map(([, config]) => config));
const all = settings.map(([line]) => `  ${line}\n`).join("");
const both = { endpoint: "a.test", clientId: "x" };
const underscored = { clientId: "x", insecureSkipVerify: false, authType: "basic" };
const flags = { insecure: true, insecureSkipVerify: false };
const rows: [what: string, source: string, config: FlyteConfig][] = [
  ["an empty file", "", {}],
  ["a file of comments", "# nothing\n", {}],
  ["a file without the section", "logger:\n  level: 5\n", {}],
  ["an empty section", "admin:\n", {}],
  ["every setting", `admin:\n${all}storage: { x: { secret-key: "${planted.token}" } }`, mergeConfigs(settings)],
  ["names in any letters, as Go does", "admin: { ENDPOINT: a.test, clientid: x }", both],
  ["names with underscores", "admin: { client_id: x, insecure_skip_verify: no, auth_mode: basic }", underscored],
  ["names with hyphens", "admin: { client-secret-location: /s }", { clientSecretLocation: "/s" }],
  ["the words of YAML 1.1", "admin: { insecure: yes, insecureSkipVerify: off }", flags],
  ["words in quotes", `admin: { insecure: "True", insecureSkipVerify: "no" }`, flags],
  ["a text of scopes", "admin: { scopes: 'all, offline' }", { scopes: ["all", "offline"] }],
  ["scopes line by line", "admin:\n  scopes:\n    - all\n    - offline\n", { scopes: ["all", "offline"] }],
  ["no scopes", "admin: { scopes: [] }", { scopes: [] }],
  ["nothing where something might be", `admin: { endpoint: "", clientId: , audience: null }`, {}],
  ["an anchor", "a: &e { endpoint: a.test }\nadmin: { <<: *e, clientId: x }", both],
  ["names of a prototype", "admin: { __proto__: { x: 1 }, constructor: 7, clientId: x }", { clientId: "x" }],
  ["a text that ends in line breaks", 'admin: { clientId: "x\\r\\n" }', { clientId: "x" }],
  ["a byte order mark", "\ufeffadmin: { clientId: x }", { clientId: "x" }],
  ["the older form", older.map(([line]) => line).join("\n"), mergeConfigs(older)],
];
for (const [what, source, config] of rows) {
  Deno.test(`parseFlyteConfig: reads ${what}`, () => assertEquals(parseFlyteConfig(source), config));
}

const t = planted.tokenStart;
const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((it) => `a${it}: &a${it} [${Array(9).fill(`*a${it - 1}`)}]\n`);
const laughs = `a0: &a0 ha\n${nine.join("")}admin: { endpoint: *a9 }`;
/** Thirty lists, each of the one before twice: as text, gigabytes. */
const doubled = Array.from({ length: 31 }, (_, at) => `a${at}: &a${at} [*a${at - 1},*a${at - 1}]\n`).join("")
  .replace("[*a-1,*a-1]", "[x]");
const names = ["insecure", "authType", "scopes", "clientId", "httpProxyURL", "authorizationHeader"];
const wrong: [what: string, source: string, says: string][] = [
  ...names.map((
    it,
  ): typeof wrong[0] => [`lists of lists in ${it}`, `${doubled}\nadmin: { ${it}: *a30 }`, `admin.${it}`]),
  ["nested lists", `admin: ${"[".repeat(16_000)}`, "it is no YAML"],
  ["nested mappings", `admin: ${"{a: ".repeat(8_000)}`, "it is no YAML"],
  ["thousands of documents", "---\n".repeat(8_000), "it must be a single document"],
  ["no YAML", `admin:\n  clientId: {${t}`, "it is no YAML (line 2, column"],
  ["two documents", `admin: {}\n---\nadmin: { clientId: ${t} }`, "it must be a single document"],
  ["a name twice", `admin:\n  clientId: ${t}\n  clientId: x`, "it is no YAML (line 3, column 3)"],
  ["an alias of nothing", `admin: *${t}`, "it is no YAML (line 1, column 9)"],
  ["a text", t, "it must be a mapping"],
  ["a list", `- ${t}`, "it must be a mapping"],
  ["a text for the section", `admin: ${t}`, "another one under admin"],
  ["a list for the section", `admin: [${t}]`, "another one under admin"],
  ["a number for text", "admin: { clientId: 0012 }", "admin.clientId must be text, in quotes"],
  ["a list of numbers for all of it", "[1,2]", "it must be a mapping"],
  ["a list of texts for all of it", `[${t}, x]`, "it must be a mapping"],
  ["more than 32 KiB", `# ${"x".repeat(32_768)}\n`, "it is over 32 KiB"],
  ["a word for its proxy", `admin: { httpProxyURL: ${t} }`, "admin.httpProxyURL must be an absolute URL"],
  ["a proxy without a scheme", "admin: { httpProxyURL: 'proxy.test:3128' }", "must be an absolute URL"],
  ["a list for text", `admin: { endpoint: [${t}] }`, "admin.endpoint must be text"],
  ["a text for a flag", `admin: { insecure: ${t} }`, "admin.insecure must be true or false"],
  ["a mapping for scopes", `admin: { scopes: { ${t}: 1 } }`, "admin.scopes must be a list of scopes"],
  ["a list of numbers", "admin: { scopes: [1] }", "admin.scopes must be a list of scopes"],
  ["two faults", `admin: { insecure: ${t}, clientId: 7 }`, "admin.insecure must be true or false; admin.clientId must"],
  ["a billion laughs", laughs, "admin.endpoint must be text"],
];
for (const [what, source, says] of wrong) {
  Deno.test(`parseFlyteConfig: refuses ${what}, and doesn't show it`, () => {
    const error = assertThrows(() => parseFlyteConfig(source), AuthenticationError, says);

    assertEquals(error.code, "invalid_config");
    assertNothingShows(error);
    assert(!("cause" in error));
  });
}

Deno.test("parseFlyteConfig: returns a config for any text, or throws invalid_config; refuses anything else", () => {
  assertThrows(() => parseFlyteConfig(undefined as never), TypeError, "source must be the text");
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((text) => `admin: ${text}`)), (source) => {
    try {
      parseFlyteConfig(source);
    } catch (error) {
      assert(error instanceof AuthenticationError, String(error));
      assertEquals(error.code, "invalid_config");
    }
  }));
});

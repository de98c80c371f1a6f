/** Every export of the package, the result of its use (see `probe.ts`), and of its refusal on other runtimes. @module */

/** The runtimes: workerd before and after it had Node's modules. */
export type RuntimeName = "Deno" | "Bun" | "Node" | "workerd of 2024" | "workerd of 2026";

/** An export. */
export interface ExportCase {
  /** The result where it is supported. */
  readonly works: RegExp;
  /** The result elsewhere. */
  readonly refuses?: Readonly<Partial<Record<RuntimeName, RegExp>>>;
}

/** A transport that uses the proxy, which isn't listening. */
const usesProxy = /^failed: proxy_failed: /;
const assertion = /^3 parts$/;
const needsBun = /^failed: .*\bBun\b/;
const needsDeno = /^failed: .*\bDeno\b/;
const noNodeModule = /^failed: Error: .*"node:/;

export const exportCases: Readonly<Record<string, ExportCase>> = {
  ".": { works: /^client_credentials Bearer$/ },
  "./config-store/chain": { works: /^https:\/\/auth\.example\.com\/token$/ },
  "./config-store/discovery": { works: /^https:\/\/auth\.example\.com\/token$/ },
  "./config-store/env": {
    works: /^ClientCredentialsAuthenticator$/,
    refuses: { "workerd of 2024": /^failed: invalid_config: .*\benv\b/ },
  },
  "./config-store/flyte": { works: /^https:\/\/auth\.example\.com\/token$/ },
  "./config-store/flyte-config-file": { works: /^ClientCredentialsAuthenticator$/ },
  "./config-store/protected-resource": { works: /^https:\/\/auth\.example\.com\/token$/ },
  "./client-auth/client-assertion": { works: assertion },
  "./client-auth/client-secret-jwt": { works: assertion },
  "./client-auth/rotating-secrets": { works: /^a-secret$/ },
  "./client-auth/private-key-jwt": { works: assertion },
  "./client-auth/secret-file": {
    works: /^a-secret$/,
    refuses: {
      "workerd of 2024": /^failed: client_auth_unavailable: .*\bruntime\b/,
      "workerd of 2026": /^failed: client_auth_unavailable: .*\(ENOENT\)/,
    },
  },
  "./client-auth/tls": { works: /^tls_client_auth self_signed_tls_client_auth$/ },
  "./dpop": { works: /^POST, GET with ath$/ },
  "./grant/jwt-bearer": { works: /^urn:ietf:params:oauth:grant-type:jwt-bearer a\.b\.c$/ },
  "./grant/signed-assertion": { works: assertion },
  "./grant/token-exchange": { works: /^urn:ietf:params:oauth:grant-type:token-exchange a-token$/ },
  "./revocation": { works: /^token=t&token_type_hint=access_token$/ },
  "./transport/bun": {
    works: usesProxy,
    refuses: { "Deno": needsBun, "Node": needsBun, "workerd of 2024": needsBun, "workerd of 2026": needsBun },
  },
  "./transport/deno": {
    works: usesProxy,
    refuses: { "Bun": needsDeno, "Node": needsDeno, "workerd of 2024": needsDeno, "workerd of 2026": needsDeno },
  },
  "./transport/node": {
    // Deno runs undici as Node does.
    works: usesProxy,
    refuses: { "Bun": /^failed: .*\bNode\b/, "workerd of 2024": noNodeModule, "workerd of 2026": noNodeModule },
  },
};

/** The differences between a runtime's results and the table. */
export function compareExports(runtime: RuntimeName, output: Readonly<Record<string, string>>): string[] {
  return Object.entries(exportCases).flatMap(([name, { works, refuses = {} }]) => {
    const found = output[name];
    if (found === undefined) return [`${name} on ${runtime} wasn't used`];
    const expected = refuses[runtime] ?? works;
    return expected.test(found) ? [] : [`${name} on ${runtime}: ${found} isn't ${expected}`];
  });
}

/**
 * Every export of the package, what its first use gives (see `probe.ts`), and on which runtime it says instead that
 * this is none of its own. As data, the same for all runtimes.
 *
 * @module
 */

/** What it runs on; workerd before and after it took in Node's modules. */
export type RuntimeName = "Deno" | "Bun" | "Node" | "workerd of 2024" | "workerd of 2026";

/** An export. */
export interface ExportCase {
  /** What comes of its use, where it belongs. */
  readonly works: RegExp;
  /** What it says elsewhere. */
  readonly refuses?: Readonly<Partial<Record<RuntimeName, RegExp>>>;
  /** Where it doesn't say so yet. Whoever mends that takes the name off: the test insists on it. */
  readonly owed?: readonly RuntimeName[];
}

/** A way out that heeds the proxy it is given: nobody listens there. */
const heedsProxy = /^failed: proxy_failed: .*the proxy doesn't answer/;
const assertion = /^3 parts$/;
const noNodeModule = /^failed: Error: .*"node:/;

export const exportCases: Readonly<Record<string, ExportCase>> = {
  ".": { works: /^client_credentials Bearer$/ },
  "./config-store/chain": { works: /^https:\/\/auth\.example\.com\/token$/ },
  "./config-store/discovery": { works: /^https:\/\/auth\.example\.com\/token$/ },
  "./config-store/env": {
    works: /^ClientCredentialsAuthenticator$/,
    refuses: { "workerd of 2024": /^failed: invalid_config: .*this runtime has none\. Hand it in as env\./ },
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
    works: heedsProxy,
    refuses: {
      "Deno": /^failed: .*\bBun\b/,
      "Node": /^failed: .*\bBun\b/,
      "workerd of 2024": /^failed: .*\bBun\b/,
      "workerd of 2026": /^failed: .*\bBun\b/,
    },
  },
  "./transport/deno": {
    works: heedsProxy,
    refuses: {
      "Bun": /^failed: .*\bDeno\b/,
      "Node": /^failed: .*\bDeno\b/,
      "workerd of 2024": /^failed: .*\bDeno\b/,
      "workerd of 2026": /^failed: .*\bDeno\b/,
    },
  },
  "./transport/node": {
    // Deno runs undici as Node does.
    works: heedsProxy,
    refuses: { "Bun": /^failed: .*\bNode\b/, "workerd of 2024": noNodeModule, "workerd of 2026": noNodeModule },
  },
};

/** What is wrong with what came of the exports on a runtime, as sentences. */
export function judgeExports(runtime: RuntimeName, output: Readonly<Record<string, string>>): string[] {
  return Object.entries(exportCases).flatMap(([name, { works, refuses = {}, owed = [] }]) => {
    const said = output[name];
    if (said === undefined) return [`${name} on ${runtime} wasn't used`];
    const expected = refuses[runtime] ?? works;
    if (owed.includes(runtime)) {
      return expected.test(said) ? [`${name} is owed nothing on ${runtime} any more: take it off`] : [];
    }
    return expected.test(said) ? [] : [`${name} on ${runtime}: ${said} isn't ${expected}`];
  });
}

/** Set-ups with faults of names, ports, proxies and TLS. @module */
import type { Settings } from "./program.ts";
import type { Row } from "./setups.ts";
import { proxyPassword, type Stage } from "./stage.ts";

export function networkSetups(stage: Stage, base: Settings): Row[] {
  const { proxies, closed, gateway, authority, certificates, apis } = stage;
  const at = (origin: string, more: Settings = {}): Settings => ({
    ...base,
    tokenEndpoint: `${origin}/token`,
    ...more,
  });
  const trusted = { verify: authority };
  const quick = { stepTimeout: 800 };
  const local: Row[] = [
    ["http endpoint", at("http://auth.example.com"), "http_endpoint", /https:/],
    [
      "name that doesn't resolve",
      at("https://auth.nowhere.invalid"),
      "name_not_resolved",
      /tokenEndpoint|spelling|DNS|name/i,
      { seen: /auth\.nowhere\.invalid/ },
    ],
    ["nothing listens", at(closed), "connection_refused", /port|start|running|address/i],
    ["nothing listens at the API", { ...base, endpoint: closed }, "connection_refused", /endpoint|port/],
    ["localhost on the other family", at(stage.six), ["localhost_other_family", "connection_refused"], /\[::1\]/, {
      on: ["Deno", "Node"],
    }],
    ["blocked port", at(stage.blocked, quick), "connection_timeout", /firewall|port/i],
    [
      "port that takes connections and hangs",
      at(stage.silent, quick),
      ["connection_timeout", "token_endpoint_failed"],
      /firewall|port|server|time-?out/i,
    ],
    ["port that closes connections", at(stage.resetting), "connection_closed", /port|server|gateway/],
    ["TLS on an http port", at(stage.apis.plain.replace("http:", "https:")), ["not_tls", "tls_failed"], /http:|port/],
    ["dead proxy", { ...base, httpProxyUrl: proxies.dead }, "proxy_unreachable", /httpProxyUrl/],
    [
      "proxy that wants a login",
      { ...base, httpProxyUrl: proxies.locked },
      "proxy_login_required",
      /httpProxyUrl.*user|user.*httpProxyUrl/s,
    ],
    [
      "proxy that wants another login",
      { ...base, httpProxyUrl: proxies.locked.replace("//", `//you:${proxyPassword}@`) },
      "proxy_login_required",
      /httpProxyUrl/,
    ],
    ["proxy that refuses", { ...base, httpProxyUrl: proxies.refusing }, "proxy_refused", /proxy/i],
    ["dead proxy by a variable", base, "proxy_unreachable", /HTTP_PROXY|NO_PROXY/i, {
      env: { HTTP_PROXY: proxies.dead, http_proxy: proxies.dead },
      on: ["Deno", "Bun"],
    }],
    ["proxy variable that isn't followed", base, "proxy_variable_ignored", /NODE_USE_ENV_PROXY|httpProxyUrl/, {
      env: { HTTP_PROXY: proxies.dead },
      isRemark: true,
      on: ["Node"],
    }],
    ["healthy: a variable excepts the host from a dead proxy", base, undefined, undefined, {
      env: { HTTP_PROXY: proxies.dead, NO_PROXY: "127.0.0.1" },
      isRemark: true,
    }],
    ["permission that Deno wasn't given", base, "permission_denied", /--allow-net/, {
      permissions: ["--allow-net=auth.example.com"],
      on: ["Deno"],
    }],
    [
      "server ends the handshake without a client certificate",
      at(stage.tls, trusted),
      // On a busy machine Deno doesn't always tell how it was ended.
      ["client_certificate_required", "tls_failed"],
      /clientCertificate/,
    ],
    [
      "certificate by tls_client_auth that isn't set",
      {
        ...base,
        ...trusted,
        discover: stage.servers.mutual.issuer,
        clientId: "by-certificate",
        auth: { method: "tls_client_auth" },
        endpoint: apis.plain,
      },
      ["client_certificate_required", "wrong_secret"],
      /clientCertificate/,
    ],
    ["proxy without a scheme", { ...base, httpProxyUrl: "127.0.0.1:3128" }, "invalid_option", /httpProxyUrl/],
    [
      "file of authorities that isn't there",
      at(stage.tls, { verify: "/nowhere/authorities.pem" }),
      ["invalid_option", "tls_failed"],
      /verify/,
    ],
    [
      "client certificate with another's key",
      at(stage.tls, { ...trusted, clientCertificate: { ...certificates.client, key: certificates.otherClient.key } }),
      ["invalid_option", "key_unusable", "client_certificate_rejected"],
      /clientCertificate/,
    ],
  ];
  if (gateway === undefined) return local;
  const atTls = at(gateway.good);
  return [
    ...local,
    ["untrusted CA", at(gateway.good), "tls_untrusted", /verify/, { seen: /Our CA|issuer/i }],
    ["CA that isn't the one given", at(gateway.untrusted, trusted), "tls_untrusted", /verify/],
    ["certificate signed by itself", at(gateway.selfSigned, trusted), "tls_untrusted", /verify/],
    [
      "server that doesn't show its intermediate certificate",
      at(gateway.incomplete, trusted),
      "tls_untrusted",
      /verify/,
      {
        seen: /intermediate|chain/i,
      },
    ],
    ["TLS that is too old", at(gateway.old, trusted), "tls_failed", undefined, { seen: /version/ }],
    ["healthy: an authority by a variable", atTls, undefined, undefined, {
      env: { NODE_EXTRA_CA_CERTS: stage.authorityFile },
    }],
    ["authority by a variable that isn't followed", atTls, "tls_untrusted", /NODE_EXTRA_CA_CERTS/, {
      env: { SSL_CERT_FILE: stage.authorityFile },
      on: ["Deno", "Node"],
    }],
    ["expired certificate", at(gateway.expired, trusted), "tls_expired", /replace/, { seen: /20\d\d/ }],
    ["wrong host name in the certificate", at(gateway.misnamed, trusted), "tls_name_mismatch", /tokenEndpoint|name/, {
      seen: /auth\.example\.com/,
    }],
    ["http on a TLS port", at(gateway.good.replace("https:", "http:")), [
      "not_tls",
      "token_endpoint_redirects",
      "http_endpoint",
      "tls_failed",
    ], /https:/],
    [
      "server wants a client certificate",
      at(gateway.mutual, trusted),
      "client_certificate_required",
      /clientCertificate/,
    ],
    [
      "client certificate of another CA",
      at(gateway.mutual, { ...trusted, clientCertificate: certificates.otherClient }),
      "client_certificate_rejected",
      /clientCertificate/,
    ],
    ["untrusted CA at the API", { ...base, endpoint: gateway.good }, "tls_untrusted", /verify/],
  ];
}

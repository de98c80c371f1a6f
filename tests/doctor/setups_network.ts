/** Set-ups with faults of names, ports, proxies and TLS. @module */
import type { Settings } from "./program.ts";
import type { Setup } from "./setups.ts";
import { proxyPassword, type Stage } from "./stage.ts";

export function networkSetups(stage: Stage, base: Settings): Setup[] {
  const { proxies, closed, gateway, authority, certificates, apis } = stage;
  const at = (origin: string, more: Settings = {}): Settings => ({
    ...base,
    tokenEndpoint: `${origin}/token`,
    ...more,
  });
  const quick = { stepTimeout: 800 };
  const local: Setup[] = [
    {
      name: "http endpoint",
      settings: at("http://auth.example.com"),
      code: "http_endpoint",
      change: /https:/,
    },
    {
      name: "name that doesn't resolve",
      settings: at("https://auth.nowhere.invalid"),
      code: "name_not_resolved",
      seen: /auth\.nowhere\.invalid/,
      change: /tokenEndpoint|spelling|DNS|name/i,
    },
    {
      name: "nothing listens",
      settings: at(closed),
      code: "connection_refused",
      change: /port|start|running|address/i,
    },
    {
      name: "nothing listens at the API",
      settings: { ...base, endpoint: closed },
      code: "connection_refused",
      change: /endpoint|port/,
    },
    {
      name: "localhost on the other family",
      settings: at(stage.six),
      code: ["localhost_other_family", "connection_refused"],
      change: /\[::1\]/,
      on: ["Deno", "Node"],
    },
    {
      name: "blocked port",
      settings: at(stage.blocked, quick),
      code: "connection_timeout",
      change: /firewall|port/i,
    },
    {
      name: "port that takes connections and hangs",
      settings: at(stage.silent, quick),
      code: ["connection_timeout", "token_endpoint_failed"],
      change: /firewall|port|server|time-?out/i,
    },
    {
      name: "TLS on an http port",
      settings: at(stage.apis.plain.replace("http:", "https:")),
      code: ["not_tls", "tls_failed"],
      change: /http:|port/,
    },
    {
      name: "dead proxy",
      settings: { ...base, httpProxyUrl: proxies.dead },
      code: "proxy_unreachable",
      change: /httpProxyUrl/,
    },
    {
      name: "proxy that wants a login",
      settings: { ...base, httpProxyUrl: proxies.locked },
      code: "proxy_login_required",
      change: /httpProxyUrl.*user|user.*httpProxyUrl/s,
    },
    {
      name: "proxy that wants another login",
      settings: { ...base, httpProxyUrl: proxies.locked.replace("//", `//you:${proxyPassword}@`) },
      code: "proxy_login_required",
      change: /httpProxyUrl/,
    },
    {
      name: "proxy that refuses",
      settings: { ...base, httpProxyUrl: proxies.refusing },
      code: "proxy_refused",
      change: /proxy/i,
    },
    {
      name: "dead proxy by a variable",
      settings: base,
      env: { HTTP_PROXY: proxies.dead, http_proxy: proxies.dead },
      code: "proxy_unreachable",
      change: /HTTP_PROXY|NO_PROXY/i,
      on: ["Deno", "Bun"],
    },
    {
      name: "proxy variable that isn't followed",
      settings: base,
      env: { HTTP_PROXY: proxies.dead },
      code: "proxy_variable_ignored",
      isRemark: true,
      change: /NODE_USE_ENV_PROXY|httpProxyUrl/,
      on: ["Node"],
    },
    {
      name: "permission that Deno wasn't given",
      settings: base,
      permissions: ["--allow-net=auth.example.com"],
      code: "permission_denied",
      change: /--allow-net/,
      on: ["Deno"],
    },
  ];
  if (gateway === undefined) return local;
  const trusted = { verify: authority };
  return [
    ...local,
    {
      name: "untrusted CA",
      settings: at(gateway.good),
      code: "tls_untrusted",
      change: /verify/,
      seen: /Our CA|issuer/i,
    },
    {
      name: "CA that isn't the one given",
      settings: at(gateway.untrusted, trusted),
      code: "tls_untrusted",
      change: /verify/,
    },
    {
      name: "certificate signed by itself",
      settings: at(gateway.selfSigned, trusted),
      code: "tls_untrusted",
      change: /verify/,
    },
    {
      name: "expired certificate",
      settings: at(gateway.expired, trusted),
      code: "tls_expired",
      change: /renew|certificate/i,
      seen: /20\d\d/,
    },
    {
      name: "wrong host name in the certificate",
      settings: at(gateway.misnamed, trusted),
      code: "tls_name_mismatch",
      seen: /auth\.example\.com/,
      change: /tokenEndpoint|name/,
    },
    {
      name: "http on a TLS port",
      settings: at(gateway.good.replace("https:", "http:")),
      code: ["not_tls", "token_endpoint_redirects", "http_endpoint", "tls_failed"],
      change: /https:/,
    },
    {
      name: "server wants a client certificate",
      settings: at(gateway.mutual, trusted),
      code: "client_certificate_required",
      change: /clientCertificate/,
    },
    {
      name: "client certificate of another CA",
      settings: at(gateway.mutual, { ...trusted, clientCertificate: certificates.otherClient }),
      code: "client_certificate_rejected",
      change: /clientCertificate/,
    },
    {
      name: "server ends the handshake without a client certificate",
      settings: at(stage.tls, trusted),
      code: "client_certificate_required",
      change: /clientCertificate/,
    },
    {
      name: "untrusted CA at the API",
      settings: { ...base, endpoint: gateway.good },
      code: "tls_untrusted",
      change: /verify/,
    },
    {
      name: "certificate by tls_client_auth that isn't set",
      settings: {
        ...base,
        ...trusted,
        discover: stage.servers.mutual.issuer,
        clientId: "by-certificate",
        auth: { method: "tls_client_auth" },
        endpoint: apis.plain,
      },
      code: ["client_certificate_required", "wrong_secret"],
      change: /clientCertificate/,
    },
  ];
}

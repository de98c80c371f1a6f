/**
 * nginx before the other servers, as gateways are: by TLS with good and bad certificates, and with the mistakes that are
 * made in a gateway's configuration.
 *
 * @module
 */

import { closedPort } from "../servers/fault_server.ts";
import { host } from "../servers/loopback.ts";
import { startNginx } from "../servers/nginx.ts";
import type { KeyPair } from "../servers/tls_certificates.ts";

interface GatewayOptions {
  /** Origins of the servers behind it. */
  readonly places: Readonly<Record<"main" | "closed", string>>;
  readonly certificates: Readonly<
    Record<"good" | "expired" | "misnamed" | "untrusted" | "incomplete" | "selfSigned", KeyPair>
  >;
  /** The authority of the clients' certificates, as PEM text. */
  readonly authority: string;
}

/** Starts it. An API is to listen on `apiPort`, for tokens of the `audience`. */
export async function makeGateway({ places, certificates, authority }: GatewayOptions) {
  const found = new Set<number>();
  const names = [
    "plain",
    "good",
    "expired",
    "misnamed",
    "untrusted",
    "incomplete",
    "selfSigned",
    "mutual",
    "old",
  ] as const;
  const ports: Partial<Record<typeof names[number], number>> = {};
  while (found.size <= names.length) found.add(await closedPort());
  const [apiPort = 0, ...others] = found;
  for (const [index, name] of names.entries()) ports[name] = others[index]!;
  const at = (name: typeof names[number]) => `${name === "plain" ? "http" : "https"}://${host}:${ports[name]}`;
  const page = 'default_type text/html; return 200 "<!doctype html><title>Sign in</title>";';
  const plain = `
    location /moved/ { return 301 ${at("good")}$request_uri; }
    location /moved-here/ { rewrite ^/moved-here/(.*) ${places.main}/$1 redirect; }
    location /page/ { ${page} }
    location /static/ { return 405; }
    location /down/ { proxy_pass ${places.closed}/; }
    location /forbidden/ { return 403; }
    location /busy/ { add_header Retry-After 41 always; return 429; }
    location /staging/ { auth_basic "Staging"; auth_basic_user_file users; }
    location /behind/ { proxy_pass ${places.main}/; }
    location /v1/ { proxy_pass http://${host}:${apiPort}; }
    location / { return 404; }`;
  const tls = (name: Exclude<typeof names[number], "plain">, certificate: string, more = "") => `
    server {
      listen ${host}:${ports[name]} ssl;
      ssl_certificate ${certificate}.crt; ssl_certificate_key ${certificate}.key; ${more}
      location / { proxy_pass ${places.main}; }
      location /v1/ { proxy_pass http://${host}:${apiPort}; }
    }`;
  const content = `
    server { listen ${host}:${ports.plain}; ${plain} }
    ${tls("good", "good")} ${tls("expired", "expired")} ${tls("misnamed", "misnamed")}
    ${tls("untrusted", "untrusted")} ${tls("incomplete", "incomplete")} ${tls("selfSigned", "selfSigned")}
    ${tls("mutual", "good", "ssl_client_certificate authority.crt; ssl_verify_client on;")}
    ${tls("old", "good", "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;")}`;
  const files: Record<string, string> = { "authority.crt": authority, users: "me:{PLAIN}planted\n" };
  for (const [name, { cert, key }] of Object.entries(certificates)) {
    [files[`${name}.crt`], files[`${name}.key`]] = [cert, key];
  }
  const nginx = await startNginx(content, files);
  const origins = Object.fromEntries(names.map((name) => [name, at(name)])) as Record<typeof names[number], string>;
  return {
    ...origins,
    apiPort,
    audience: at("plain"),
    [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose](),
  };
}

/**
 * The options that are settings: each has a variable and a key in profiles, too.
 *
 * @module
 */

import type { OptionSpec } from "./options.ts";

/** The ways a client authenticates, by the argument of `--client-auth`. */
export const clientAuthChoices = [
  "basic",
  "basic-raw",
  "post",
  "none",
  "secret-jwt",
  "private-key-jwt",
  "assertion",
  "tls",
  "self-signed-tls",
] as const;

/** The grants, by the argument of `--grant`. */
export const grantChoices = ["client-credentials", "jwt-bearer", "token-exchange"] as const;

type Given = Pick<OptionSpec, "name" | "kind" | "help"> & Partial<Omit<OptionSpec, "group">>;

/** Options of one group. Their keys and variables follow from their names, where nothing else is said. */
function describeSettings(group: OptionSpec["group"], options: readonly Given[]): readonly OptionSpec[] {
  return options.map((given) => ({
    commands: "client",
    group,
    key: given.name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()),
    env: `M2M_${given.name.toUpperCase().replaceAll("-", "_")}`,
    ...given,
  }));
}

/** Options that stand in the arguments alone, where nothing else is said. */
function describeFlags(group: OptionSpec["group"], options: readonly Given[]): readonly OptionSpec[] {
  return options.map((given) => ({ commands: "client", group, ...given }));
}

const url = { kind: "url", value: "url" } as const;
const file = { kind: "path", value: "file" } as const;

/** The settings, in the order of the help. */
export const settingOptions: readonly OptionSpec[] = [
  ...describeSettings("Server and API", [
    { name: "endpoint", ...url, help: "The API; relative URLs resolve against it" },
    { name: "issuer", ...url, help: "The authorization server: its metadata gives the rest" },
    { name: "token-endpoint", ...url, help: "The token endpoint, where no metadata is published" },
    {
      name: "protected-resource",
      kind: "switch",
      help: "Take scopes and token endpoint from the API's metadata (RFC 9728); --issuer must be its server",
    },
    { name: "flyte", kind: "switch", help: "Use FLYTE_API_KEY, or Flyte's variables and ~/.flyte/config.yaml" },
    { name: "flyte-config", ...file, help: "Use this config file of Flyte's" },
  ]),
  ...describeSettings("Client authentication", [
    { name: "client-id", kind: "text", value: "id", help: "The client's identifier" },
    { name: "client-secret-file", ...file, help: "Read the secret from a file" },
    { name: "client-secret-env-var", kind: "text", value: "name", help: "Read it from a variable of this name" },
  ]),
  ...describeFlags("Client authentication", [
    { name: "client-secret-stdin", kind: "switch", help: "Read it from stdin" },
    {
      name: "insecure-client-secret-argument",
      kind: "text",
      value: "secret",
      help: "The secret itself: other users see it in ps, and the shell remembers it",
    },
  ]),
  ...describeSettings("Client authentication", [
    {
      name: "client-secret",
      kind: "text",
      value: "secret",
      help: "Refused in the arguments, where other users see it",
      isHidden: true,
    },
    {
      name: "client-auth",
      kind: "choice",
      value: "method",
      choices: clientAuthChoices,
      help: "How the client authenticates (default: by what is given)",
    },
    { name: "key-file", ...file, help: "The private key that signs assertions (PEM, JWK, service account)" },
    { name: "key-id", kind: "text", value: "kid", help: "The key's identifier at the server" },
    { name: "algorithm", kind: "text", value: "name", help: "The signing algorithm, such as PS256 or ES256" },
    {
      name: "assertion-audience",
      kind: "text",
      value: "audience",
      help: "The aud of assertions: issuer, token-endpoint, or another",
    },
    {
      name: "assertion-file",
      ...file,
      help: "An assertion that a platform signs, read for each request; with --grant jwt-bearer the grant's",
    },
    { name: "certificate", ...file, help: "The client's certificate (PEM), for mutual TLS" },
    { name: "certificate-key", ...file, help: "Its private key (PEM)" },
  ]),
  ...describeSettings("Token", [
    {
      name: "scope",
      kind: "text",
      value: "scopes",
      multiple: true,
      key: "scopes",
      env: "M2M_SCOPES",
      help: "Scopes to request; repeatable, or separated by spaces",
    },
    { name: "audience", kind: "text", value: "audience", help: "The API that the token is for" },
    { name: "resource", kind: "url", value: "uri", multiple: true, help: "The same by RFC 8707; repeatable" },
    {
      name: "grant",
      kind: "choice",
      value: "grant",
      choices: grantChoices,
      help: "How a token is requested (default: client-credentials)",
    },
    { name: "subject-token-file", ...file, help: "The token to exchange" },
    {
      name: "subject-token-type",
      kind: "text",
      value: "type",
      help: "Its type: access_token (default), id_token, jwt, or a URN",
    },
    { name: "actor-token-file", ...file, help: "The acting party's token, for --grant token-exchange" },
    { name: "header-key", kind: "text", value: "name", help: "The header that carries the token" },
    { name: "token-type", kind: "text", value: "scheme", help: "The scheme before it, whatever the server calls it" },
    { name: "dpop", kind: "switch", help: "Bind the token to a new key (RFC 9449); it isn't cached" },
    { name: "dpop-key-file", ...file, help: "Bind it to this private key (JWK); it is cached" },
    {
      name: "parameter",
      kind: "text",
      value: "name=value",
      multiple: true,
      key: "parameters",
      env: "M2M_PARAMETERS",
      help: "Another parameter of the token request; repeatable",
    },
  ]),
  ...describeSettings("Connection", [
    { name: "proxy", ...url, key: "httpProxyUrl", env: "M2M_HTTP_PROXY_URL", help: "An HTTP proxy for all requests" },
    { name: "ca-file", ...file, help: "More certificate authorities to trust (PEM)" },
    { name: "insecure-skip-verify", kind: "switch", help: "Trust any certificate: others may read the secret" },
    { name: "allow-insecure-requests", kind: "switch", help: "Send the secret by http: over the network" },
    { name: "timeout", kind: "seconds", value: "seconds", help: "How long a token request may take (default: 10)" },
  ]),
  ...describeSettings("Cache", [{
    name: "no-cache",
    kind: "switch",
    help: "Neither read nor write the cache of tokens",
  }]),
  ...describeFlags("Cache", [
    { name: "refresh", kind: "switch", help: "Request a new token, whatever is cached: to try a new secret, say" },
  ]),
  ...describeFlags("Where settings come from", [
    {
      name: "profile",
      kind: "text",
      value: "name",
      env: "M2M_PROFILE",
      help: "Settings in profiles.json (default: those named default)",
    },
    { name: "env-file", ...file, help: "Read variables from this file (default: .env)" },
    { name: "no-env-file", kind: "switch", help: "Don't read .env" },
  ]),
];

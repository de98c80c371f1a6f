/**
 * The options of the command line, as data: parsing, settings, help and completions are made of this table.
 *
 * @module
 */

/** The names of the commands. */
export type CommandName = "token" | "fetch" | "exec" | "inspect" | "doctor" | "completions" | "help";

/** What stands behind an option. */
export type OptionKind = "switch" | "text" | "url" | "path" | "seconds" | "choice";

/** The groups of options, in the order of the help. */
export const optionGroups = [
  "Command",
  "Server and API",
  "Client authentication",
  "Token",
  "Connection",
  "Cache",
  "Where settings come from",
  "General",
] as const;

/** One option. */
export interface OptionSpec {
  /** Its name, without the dashes. */
  readonly name: string;
  /** A letter that stands for it. */
  readonly short?: string;
  /** What stands behind it. A switch takes no argument. */
  readonly kind: OptionKind;
  /** How the help names its argument. */
  readonly value?: string;
  /** The arguments of a choice. */
  readonly choices?: readonly string[];
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
  /** The key in a profile, and in {@linkcode Settings}. Without one it is no setting. */
  readonly key?: string;
  /** The variable that sets it, too. */
  readonly env?: string;
  /** The commands that take it: `client` are all that need settings. */
  readonly commands: "all" | "client" | readonly CommandName[];
  /** Where the help shows it. */
  readonly group: typeof optionGroups[number];
  /** One line of help. */
  readonly help: string;
  /** Whether help and completions leave it out. */
  readonly isHidden?: boolean;
}

/** The commands that need settings. */
export const clientCommands: readonly CommandName[] = ["token", "fetch", "exec", "inspect", "doctor"];

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

/** Shells that completions are made for. */
export const shells = ["bash", "zsh", "fish", "powershell"] as const;

const client = { commands: "client" } as const;
const server = { ...client, group: "Server and API" } as const;
const authentication = { ...client, group: "Client authentication" } as const;
const token = { ...client, group: "Token" } as const;
const connection = { ...client, group: "Connection" } as const;
const cache = { ...client, group: "Cache" } as const;
const places = { ...client, group: "Where settings come from" } as const;
const command = { group: "Command" } as const;

/** All options, in the order of the help. */
export const optionSpecs: readonly OptionSpec[] = [
  {
    ...command,
    name: "header",
    kind: "switch",
    commands: ["token"],
    help: "Print the whole header: Authorization: Bearer …",
  },
  {
    ...command,
    name: "json",
    kind: "switch",
    commands: ["token", "inspect", "doctor"],
    help: "Print JSON, for programs",
  },
  {
    ...command,
    name: "method",
    short: "X",
    kind: "text",
    value: "method",
    commands: ["fetch"],
    help: "Request method; with --data POST, else GET",
  },
  {
    ...command,
    name: "header",
    short: "H",
    kind: "text",
    value: "name: value",
    multiple: true,
    commands: ["fetch"],
    help: "Send a header; repeatable",
  },
  {
    ...command,
    name: "data",
    short: "d",
    kind: "text",
    value: "text",
    commands: ["fetch"],
    help: "Send a body: text, @file, or @- for stdin as it comes",
  },
  {
    ...command,
    name: "output",
    short: "o",
    kind: "path",
    value: "file",
    commands: ["fetch"],
    help: "Write the body to a file",
  },
  {
    ...command,
    name: "include",
    short: "i",
    kind: "switch",
    commands: ["fetch"],
    help: "Print status and headers as well",
  },
  {
    ...command,
    name: "variable",
    kind: "text",
    value: "name",
    commands: ["exec"],
    help: "The child's variable with the token (default: M2M_ACCESS_TOKEN)",
  },
  {
    ...command,
    name: "token-file",
    kind: "path",
    value: "file",
    commands: ["exec"],
    help: "Keep a private file with a live token until the child ends",
  },
  {
    ...command,
    name: "token-file",
    kind: "path",
    value: "file",
    commands: ["inspect"],
    help: "Inspect the token in this file, in place of one's own",
  },
  {
    ...command,
    name: "max-token-requests",
    kind: "text",
    value: "number",
    commands: ["doctor"],
    help: "Send no more token requests with credentials (default: 6)",
  },

  {
    ...server,
    name: "endpoint",
    kind: "url",
    value: "url",
    key: "endpoint",
    env: "M2M_ENDPOINT",
    help: "The API; relative URLs resolve against it",
  },
  {
    ...server,
    name: "issuer",
    kind: "url",
    value: "url",
    key: "issuer",
    env: "M2M_ISSUER",
    help: "The authorization server: its metadata gives the rest",
  },
  {
    ...server,
    name: "token-endpoint",
    kind: "url",
    value: "url",
    key: "tokenEndpoint",
    env: "M2M_TOKEN_ENDPOINT",
    help: "The token endpoint, where no metadata is published",
  },
  {
    ...server,
    name: "protected-resource",
    kind: "switch",
    key: "protectedResource",
    env: "M2M_PROTECTED_RESOURCE",
    help: "Ask the API for its authorization server (RFC 9728), which must be --issuer",
  },
  {
    ...server,
    name: "flyte",
    kind: "switch",
    key: "flyte",
    env: "M2M_FLYTE",
    help: "Use FLYTE_API_KEY, or Flyte's variables and ~/.flyte/config.yaml",
  },
  {
    ...server,
    name: "flyte-config",
    kind: "path",
    value: "file",
    key: "flyteConfig",
    env: "M2M_FLYTE_CONFIG",
    help: "Use this config file of Flyte's",
  },

  {
    ...authentication,
    name: "client-id",
    kind: "text",
    value: "id",
    key: "clientId",
    env: "M2M_CLIENT_ID",
    help: "The client's identifier",
  },
  {
    ...authentication,
    name: "client-secret-stdin",
    kind: "switch",
    help: "Read the secret from stdin",
  },
  {
    ...authentication,
    name: "client-secret-file",
    kind: "path",
    value: "file",
    key: "clientSecretFile",
    env: "M2M_CLIENT_SECRET_FILE",
    help: "Read the secret from a file",
  },
  {
    ...authentication,
    name: "client-secret-env-var",
    kind: "text",
    value: "name",
    key: "clientSecretEnvVar",
    env: "M2M_CLIENT_SECRET_ENV_VAR",
    help: "Read the secret from a variable of this name",
  },
  {
    ...authentication,
    name: "insecure-client-secret-argument",
    kind: "text",
    value: "secret",
    help: "The secret itself: other users see it in ps, and the shell keeps it",
  },
  {
    ...authentication,
    name: "client-secret",
    kind: "text",
    value: "secret",
    key: "clientSecret",
    env: "M2M_CLIENT_SECRET",
    help: "Refused: a secret in the arguments is seen by other users",
    isHidden: true,
  },
  {
    ...authentication,
    name: "client-auth",
    kind: "choice",
    value: "method",
    choices: clientAuthChoices,
    key: "clientAuth",
    env: "M2M_CLIENT_AUTH",
    help: "How the client authenticates (default: by what is given)",
  },
  {
    ...authentication,
    name: "key-file",
    kind: "path",
    value: "file",
    key: "keyFile",
    env: "M2M_KEY_FILE",
    help: "The private key (PEM, JWK or a service account's) that signs assertions",
  },
  {
    ...authentication,
    name: "key-id",
    kind: "text",
    value: "kid",
    key: "keyId",
    env: "M2M_KEY_ID",
    help: "The key's identifier at the server",
  },
  {
    ...authentication,
    name: "algorithm",
    kind: "text",
    value: "name",
    key: "algorithm",
    env: "M2M_ALGORITHM",
    help: "The signing algorithm, such as PS256 or ES256",
  },
  {
    ...authentication,
    name: "assertion-audience",
    kind: "text",
    value: "audience",
    key: "assertionAudience",
    env: "M2M_ASSERTION_AUDIENCE",
    help: "The aud of assertions: issuer, token-endpoint, or another",
  },
  {
    ...authentication,
    name: "assertion-file",
    kind: "path",
    value: "file",
    key: "assertionFile",
    env: "M2M_ASSERTION_FILE",
    help: "A file with an assertion that a platform renews; with --grant jwt-bearer the grant's",
  },
  {
    ...authentication,
    name: "certificate",
    kind: "path",
    value: "file",
    key: "certificate",
    env: "M2M_CERTIFICATE",
    help: "The client's certificate (PEM), for mutual TLS",
  },
  {
    ...authentication,
    name: "certificate-key",
    kind: "path",
    value: "file",
    key: "certificateKey",
    env: "M2M_CERTIFICATE_KEY",
    help: "Its private key (PEM)",
  },

  {
    ...token,
    name: "scope",
    kind: "text",
    value: "scopes",
    multiple: true,
    key: "scopes",
    env: "M2M_SCOPES",
    help: "Scopes to ask for; repeatable, or separated by spaces",
  },
  {
    ...token,
    name: "audience",
    kind: "text",
    value: "audience",
    key: "audience",
    env: "M2M_AUDIENCE",
    help: "The API that the token is for",
  },
  {
    ...token,
    name: "resource",
    kind: "url",
    value: "uri",
    multiple: true,
    key: "resource",
    env: "M2M_RESOURCE",
    help: "The same by RFC 8707; repeatable",
  },
  {
    ...token,
    name: "parameter",
    kind: "text",
    value: "name=value",
    multiple: true,
    key: "parameters",
    help: "Another parameter of the token request; repeatable",
  },
  {
    ...token,
    name: "grant",
    kind: "choice",
    value: "grant",
    choices: grantChoices,
    key: "grant",
    env: "M2M_GRANT",
    help: "How the token is asked for (default: client-credentials)",
  },
  {
    ...token,
    name: "subject-token-file",
    kind: "path",
    value: "file",
    key: "subjectTokenFile",
    env: "M2M_SUBJECT_TOKEN_FILE",
    help: "The token to exchange",
  },
  {
    ...token,
    name: "subject-token-type",
    kind: "text",
    value: "type",
    key: "subjectTokenType",
    env: "M2M_SUBJECT_TOKEN_TYPE",
    help: "Its type: access_token (default), id_token, jwt, or a URN",
  },
  {
    ...token,
    name: "actor-token-file",
    kind: "path",
    value: "file",
    key: "actorTokenFile",
    env: "M2M_ACTOR_TOKEN_FILE",
    help: "The token of the acting party, for --grant token-exchange",
  },
  {
    ...token,
    name: "header-key",
    kind: "text",
    value: "name",
    key: "headerKey",
    env: "M2M_HEADER_KEY",
    help: "The header that carries the token (default: authorization)",
  },
  {
    ...token,
    name: "dpop",
    kind: "switch",
    key: "dpop",
    env: "M2M_DPOP",
    help: "Bind the token to a new key (RFC 9449); it isn't cached between runs",
  },
  {
    ...token,
    name: "dpop-key-file",
    kind: "path",
    value: "file",
    key: "dpopKeyFile",
    env: "M2M_DPOP_KEY_FILE",
    help: "Bind it to the private key in this file (JWK); then it is cached",
  },

  {
    ...connection,
    name: "proxy",
    kind: "url",
    value: "url",
    key: "httpProxyUrl",
    env: "M2M_HTTP_PROXY_URL",
    help: "An HTTP proxy for all requests",
  },
  {
    ...connection,
    name: "ca-file",
    kind: "path",
    value: "file",
    key: "caFile",
    env: "M2M_CA_FILE",
    help: "More certificate authorities to trust (PEM)",
  },
  {
    ...connection,
    name: "insecure-skip-verify",
    kind: "switch",
    key: "insecureSkipVerify",
    env: "M2M_INSECURE_SKIP_VERIFY",
    help: "Trust any certificate: others can read the secret",
  },
  {
    ...connection,
    name: "allow-insecure-requests",
    kind: "switch",
    key: "allowInsecureRequests",
    env: "M2M_ALLOW_INSECURE_REQUESTS",
    help: "Send the secret unencrypted to an http: token endpoint",
  },
  {
    ...connection,
    name: "timeout",
    kind: "seconds",
    value: "seconds",
    key: "timeout",
    env: "M2M_TIMEOUT",
    help: "How long a token request may take (default: 10)",
  },

  {
    ...cache,
    name: "no-cache",
    kind: "switch",
    key: "noCache",
    env: "M2M_NO_CACHE",
    help: "Neither read nor write the cache of tokens",
  },
  { ...cache, name: "refresh", kind: "switch", help: "Request a new token, whatever is cached" },

  {
    ...places,
    name: "profile",
    kind: "text",
    value: "name",
    env: "M2M_PROFILE",
    help: "Settings of this name in profiles.json (default: default)",
  },
  { ...places, name: "env-file", kind: "path", value: "file", help: "Read variables from this file (default: .env)" },
  { ...places, name: "no-env-file", kind: "switch", help: "Don't read .env" },

  {
    name: "verbose",
    short: "v",
    kind: "switch",
    commands: "client",
    group: "General",
    help: "Show each request on stderr, redacted",
  },
  { name: "help", short: "h", kind: "switch", commands: "all", group: "General", help: "Show help" },
  { name: "version", short: "V", kind: "switch", commands: "all", group: "General", help: "Show the version" },
];

/** The options that a command takes; without one, those of all commands. */
export function listOptions(command: CommandName | undefined): readonly OptionSpec[] {
  return optionSpecs.filter(({ commands }) => {
    if (commands === "all" || command === undefined) return commands === "all";
    return commands === "client" ? clientCommands.includes(command) : commands.includes(command);
  });
}

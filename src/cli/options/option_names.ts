/**
 * How messages name the options of the library: as the command line does.
 *
 * @module
 */

/** The flag of each option, for the doctor's advice. */
export const optionNames: Readonly<Record<string, string>> = {
  endpoint: "--endpoint",
  clientId: "--client-id",
  clientSecret: "--client-secret-file",
  clientAuth: "--client-auth",
  basicEncoding: "--client-auth basic-raw",
  configStore: "--issuer or --token-endpoint",
  issuer: "--issuer",
  tokenEndpoint: "--token-endpoint",
  scopes: "--scope",
  audience: "--audience",
  resource: "--resource",
  parameters: "--parameter",
  headerKey: "--header-key",
  tokenType: "--token-type",
  dpop: "--dpop",
  httpProxyUrl: "--proxy",
  verify: "--ca-file",
  clientCertificate: "--certificate and --certificate-key",
  allowInsecureRequests: "--allow-insecure-requests",
  insecure: "FLYTE_PLATFORM_INSECURE",
  timeout: "--timeout",
  retry: "--timeout",
  request: "URL",
  privateKey: "--key-file",
  alg: "--algorithm",
  kid: "--key-id",
};

/** What messages say about code, and what a command line has instead. The first that fits counts. */
const phrases: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/\bclientAuth: clientSecretPost\(secret\)/g, "--client-auth post"],
  [/\bclientAuth: clientSecretJwt\(secret\)/g, "--client-auth secret-jwt"],
  [/\bclientAuth: privateKeyJwt\(key\)/g, "--key-file"],
  [/\bclientAuth: tlsClientAuth\(\) with a clientCertificate/g, "--client-auth tls"],
  [/\bclientAuth: selfSignedTlsClientAuth\(\) with a clientCertificate/g, "--client-auth self-signed-tls"],
  [/\bclientAuth: none\(\)/g, "--client-auth none"],
  [/\bbasicEncoding: "raw"/g, "--client-auth basic-raw"],
  [/\bverify: false/g, "--insecure-skip-verify"],
  [/\bclientSecretPost\b/g, "--client-auth post"],
  [/\bclientSecretBasic\b/g, "--client-auth basic"],
  [/\bthe option audience\b/g, "--assertion-audience"],
  [/ If its metadata is incomplete, set ignoreAuthMethods on the config store\./g, " Or pass --token-endpoint."],
];

/** Names whose words occur in sentences, too: these stand for options only where a message says what to set. */
const ordinary = /^(endpoint|issuer|scopes|audience|resource|parameters|request|timeout|retry|insecure|alg|kid|dpop)$/;

/** Puts flags in the place of options in a message. */
export function nameFlags(message: string): string {
  let text = message;
  for (const [pattern, phrase] of phrases) text = text.replace(pattern, phrase);
  for (const [name, flag] of Object.entries(optionNames)) {
    const pattern = ordinary.test(name) ? `(?<=\\b(?:[Cc]heck|[Ss]et|Pass|^) )${name}\\b` : `(?<![-\\w.])${name}\\b`;
    text = text.replace(new RegExp(pattern, "g"), flag);
  }
  return text;
}

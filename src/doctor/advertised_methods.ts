/**
 * The client authentication methods that a server advertises (RFC 8414 §2), in sentences.
 *
 * @module
 */

/** Says that a method isn't among the advertised ones. */
export function describeUnadvertised(method: string, advertised: readonly string[] | undefined): string | undefined {
  return advertised?.length && !advertised.includes(method)
    ? `The server advertises ${advertised.slice(0, 8).join(", ")}, not ${method}.`
    : undefined;
}

/** What to pass for the advertised methods. */
export function adviseOnMethods(advertised: readonly string[]): string {
  const values: Readonly<Record<string, string>> = {
    client_secret_basic: "clientSecret",
    client_secret_post: "clientAuth: clientSecretPost(secret)",
    client_secret_jwt: "clientAuth: clientSecretJwt(secret)",
    private_key_jwt: "clientAuth: privateKeyJwt(key)",
    tls_client_auth: "clientAuth: tlsClientAuth() with a clientCertificate",
    self_signed_tls_client_auth: "clientAuth: selfSignedTlsClientAuth() with a clientCertificate",
    none: "clientAuth: none()",
  };
  const usable = Object.keys(values).filter((method) => advertised.includes(method)).map((method) => values[method]);
  return usable.length
    ? `Pass the one that this client is registered for: ${usable.join("; or ")}.`
    : "Write a ClientAuth of your own for what the server advertises.";
}

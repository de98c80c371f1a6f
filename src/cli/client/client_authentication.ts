/**
 * Client authentication by settings.
 *
 * @module
 */

import { clientAssertion } from "../../client_auth/client_assertion.ts";
import { clientSecretJwt, type ClientSecretJwtOptions } from "../../client_auth/client_secret_jwt.ts";
import { clientSecretPost } from "../../client_auth/client_secret_post.ts";
import { none } from "../../client_auth/none.ts";
import { privateKeyJwt, type PrivateKeyJwtOptions } from "../../client_auth/private_key_jwt.ts";
import { selfSignedTlsClientAuth, tlsClientAuth } from "../../client_auth/tls.ts";
import type { ClientCredentialsAuthenticatorOptions } from "../../client_credentials.ts";
import { namedSecretFile } from "../../env/named_secret_file.ts";
import type { ReadSettings } from "../settings/read_settings.ts";
import type { Settings } from "../settings/settings.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { UsageError } from "../usage_error.ts";
import { hasSecret, openSecret } from "./secret.ts";

type Method = NonNullable<Settings["clientAuth"]>;
type Authentication = Pick<ClientCredentialsAuthenticatorOptions, "clientSecret" | "clientAuth" | "basicEncoding">;

/** The method that the settings name, or that follows from what is given. */
export function chooseMethod(settings: Settings): Method {
  const { clientAuth, keyFile, assertionFile, certificate, grant = "client-credentials" } = settings;
  if (clientAuth !== undefined) return clientAuth;
  // There key or assertion are the grant's.
  const isBearer = grant === "jwt-bearer";
  if (keyFile !== undefined && (!isBearer || assertionFile !== undefined)) return "private-key-jwt";
  if (assertionFile !== undefined && !isBearer) return "assertion";
  if (hasSecret(settings)) return "basic";
  if (certificate !== undefined) return "tls";
  // These grants work without a client (RFC 7521 §4.1).
  return grant === "client-credentials" ? "basic" : "none";
}

/** Makes the options for the method. Reads stdin, or asks for the secret, where the method needs one. */
export async function openClientAuthentication(
  read: ReadSettings,
  terminal: Terminal,
): Promise<Authentication> {
  const { keyFile, keyId: kid, algorithm, assertionFile, assertionAudience: audience, certificate } = read.settings;
  const method = chooseMethod(read.settings);
  const secret = () => openSecret(read, terminal);
  switch (method) {
    case "basic":
      return { clientSecret: await secret() };
    case "basic-raw":
      return { clientSecret: await secret(), basicEncoding: "raw" };
    case "post":
      return { clientAuth: clientSecretPost(await secret()) };
    case "none":
      return { clientAuth: none() };
    case "secret-jwt":
      return {
        clientAuth: clientSecretJwt(await secret(), { audience, alg: algorithm as ClientSecretJwtOptions["alg"] }),
      };
    case "private-key-jwt":
      require(keyFile, method, "--key-file");
      return {
        clientAuth: privateKeyJwt(namedSecretFile(keyFile, "--key-file"), {
          kid,
          audience,
          alg: algorithm as PrivateKeyJwtOptions["alg"],
        }),
      };
    case "assertion":
      require(assertionFile, method, "--assertion-file");
      return { clientAuth: clientAssertion(namedSecretFile(assertionFile, "--assertion-file")) };
    case "tls":
    case "self-signed-tls":
      require(certificate, method, "--certificate");
      return { clientAuth: method === "tls" ? tlsClientAuth() : selfSignedTlsClientAuth() };
  }
}

function require(value: string | undefined, method: Method, flag: string): asserts value is string {
  if (value === undefined) throw new UsageError(`--client-auth ${method} needs ${flag}.`);
}

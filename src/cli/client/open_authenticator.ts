/**
 * Opens an authenticator by settings: by the grant that they name, with the cache of tokens.
 *
 * @module
 */

import type { Authenticator } from "../../authenticator.ts";
import { ClientCredentialsAuthenticator } from "../../client_credentials.ts";
import { namedSecretFile } from "../../env/named_secret_file.ts";
import type { SignedAssertionOptions } from "../../grants/signed_assertion.ts";
import { sharedTokens } from "../../token_store/shared_tokens.ts";
import type { CachedToken } from "../cache/cached_token.ts";
import type { Invocation } from "../invocation.ts";
import { type ReadSettings, readText } from "../settings/read_settings.ts";
import type { Settings } from "../settings/settings.ts";
import { UsageError } from "../usage_error.ts";
import { buildOptions, type Purpose } from "./build_options.ts";

/** Opens it. Sends nothing yet. */
export async function openAuthenticator(
  read: ReadSettings,
  invocation: Invocation,
  { cached, ...purpose }: Purpose & { readonly cached?: CachedToken | undefined } = {},
): Promise<Authenticator> {
  const tokenStore = cached && sharedTokens(cached.store, { partition: cached.key, timeout: 2_000 });
  const options = { ...await buildOptions(read, invocation, purpose), tokenStore };
  const { settings } = read;
  switch (settings.grant) {
    case "jwt-bearer": {
      const { JwtBearerAuthenticator } = await import("../../grants/jwt_bearer.ts");
      return new JwtBearerAuthenticator({ ...options, assertion: await openAssertion(settings) });
    }
    case "token-exchange": {
      const { TokenExchangeAuthenticator } = await import("../../grants/token_exchange.ts");
      const { subjectTokenFile, subjectTokenType, actorTokenFile } = settings;
      if (subjectTokenFile === undefined) throw new UsageError("--grant token-exchange needs --subject-token-file.");
      return new TokenExchangeAuthenticator({
        ...options,
        subjectToken: namedSecretFile(subjectTokenFile, "--subject-token-file"),
        subjectTokenType: subjectTokenType && nameType(subjectTokenType),
        ...actorTokenFile !== undefined && { actorToken: namedSecretFile(actorTokenFile, "--actor-token-file") },
      });
    }
    default:
      return new ClientCredentialsAuthenticator(options);
  }
}

/** The types of RFC 8693 §3 have short names here. */
function nameType(type: string): string {
  return /^[a-z0-9_]+$/.test(type) ? `urn:ietf:params:oauth:token-type:${type}` : type;
}

async function openAssertion({ assertionFile, keyFile, clientId, ...settings }: Settings) {
  if (assertionFile !== undefined) return namedSecretFile(assertionFile, "--assertion-file");
  if (keyFile === undefined) {
    throw new UsageError("--grant jwt-bearer needs --assertion-file, or --key-file to sign one.");
  }
  const { signedAssertion } = await import("../../grants/signed_assertion.ts");
  const account = parseAccount(readText(keyFile, "--key-file"));
  const iss = account.client_email ?? clientId;
  if (iss === undefined) throw new UsageError("--grant jwt-bearer needs --client-id, the issuer of the assertion.");
  return signedAssertion(namedSecretFile(keyFile, "--key-file"), {
    iss,
    kid: settings.keyId,
    alg: settings.algorithm as SignedAssertionOptions["alg"],
    audience: settings.assertionAudience ?? (account.client_email && "token-endpoint"),
    // Google's servers read the scopes there.
    ...account.client_email && settings.scopes && { claims: { scope: settings.scopes.join(" ") } },
  });
}

/** Reads the key file of a service account, if it is one. */
function parseAccount(text: string | undefined): { client_email?: string } {
  try {
    const { client_email: email } = JSON.parse(text ?? "");
    return typeof email === "string" ? { client_email: email } : {};
  } catch {
    return {};
  }
}

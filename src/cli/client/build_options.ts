/**
 * The options of an authenticator, from settings.
 *
 * @module
 */

import type { ClientCredentialsAuthenticatorOptions } from "../../client_credentials.ts";
import type { ClientConfigStore } from "../../config_store/client_config_store.ts";
import { StaticClientConfigStore } from "../../config_store/static.ts";
import { DiscoveryClientConfigStore } from "../../discovery/discovery.ts";
import { readJwk } from "../../jwt/private_key_jwk.ts";
import { chooseAlgorithm, getKeyParameters } from "../../jwt/signing_algorithm.ts";
import type { Invocation } from "../invocation.ts";
import type { ReadSettings } from "../settings/read_settings.ts";
import { readText } from "../settings/read_settings.ts";
import type { Settings } from "../settings/settings.ts";
import { UsageError } from "../usage_error.ts";
import { openClientAuthentication } from "./client_authentication.ts";
import { openConnection } from "./connection.ts";

/** What a command knows besides the settings. */
export interface Purpose {
  /** The endpoint, where none is set. */
  readonly endpoint?: string | undefined;
}

/** Makes the options. Sends nothing; reads stdin, or asks for a secret, where that is how it is given. */
export async function buildOptions(
  read: ReadSettings,
  invocation: Invocation,
  purpose: Purpose = {},
): Promise<ClientCredentialsAuthenticatorOptions> {
  const { settings } = read;
  const { clientId = "", scopes, audience, resource, parameters, headerKey, tokenType, timeout } = settings;
  const { allowInsecureRequests } = settings;
  const configStore = await openConfigStore(settings);
  if (clientId === "" && (settings.grant ?? "client-credentials") === "client-credentials") {
    throw new UsageError("No client is set. Pass --client-id, set M2M_CLIENT_ID, or write a profile (m2m help).");
  }
  return {
    // A token alone needs none.
    endpoint: settings.endpoint ?? purpose.endpoint ?? settings.issuer ?? settings.tokenEndpoint ?? "",
    clientId,
    configStore,
    scopes,
    audience,
    resource,
    parameters,
    headerKey,
    tokenType,
    allowInsecureRequests,
    ...timeout !== undefined && {
      timeout: Math.min(timeout * 1_000, 10_000),
      retry: { totalTimeout: timeout * 1_000 },
    },
    ...await openClientAuthentication(read, invocation.terminal),
    ...await openProofs(settings),
    ...await openConnection(settings, invocation),
  };
}

async function openConfigStore(settings: Settings): Promise<ClientConfigStore> {
  const { tokenEndpoint, issuer, endpoint, protectedResource, flytePlatform, allowInsecureRequests } = settings;
  if (tokenEndpoint !== undefined) return new StaticClientConfigStore({ tokenEndpoint, issuer });
  if (issuer !== undefined && protectedResource) {
    if (endpoint === undefined) throw new UsageError("--protected-resource needs --endpoint, the API to ask.");
    const { ProtectedResourceClientConfigStore } = await import("../../discovery/protected_resource.ts");
    return new ProtectedResourceClientConfigStore(endpoint, { issuer, allowInsecureRequests });
  }
  if (issuer !== undefined) return new DiscoveryClientConfigStore(issuer, { allowInsecureRequests });
  if (flytePlatform !== undefined) {
    const { FlyteClientConfigStore } = await import("../../flyte/flyte_store.ts");
    const insecure = flytePlatform.startsWith("http:");
    return new FlyteClientConfigStore(flytePlatform, { insecure, allowInsecureRequests });
  }
  throw new UsageError(
    "No authorization server is set. Pass --issuer (its metadata gives the rest) or --token-endpoint, set M2M_ISSUER or " +
      "M2M_TOKEN_ENDPOINT, or pass --flyte.",
  );
}

async function openProofs(
  { dpop: isBound, dpopKeyFile }: Settings,
): Promise<Pick<ClientCredentialsAuthenticatorOptions, "dpop">> {
  if (!isBound && dpopKeyFile === undefined) return {};
  const { dpop } = await import("../../dpop/dpop.ts");
  return { dpop: dpop(dpopKeyFile === undefined ? {} : { keyPair: await importKeyPair(dpopKeyFile) }) };
}

/** Imports a private JWK as a pair: each proof shows the public key. An RSA key that names no algorithm signs by PS256. */
async function importKeyPair(path: string): Promise<CryptoKeyPair> {
  const text = readText(path, "--dpop-key-file");
  try {
    const { kind, alg = kind === "RSA" ? "PS256" : undefined, jwk } = readJwk(JSON.parse(text ?? ""));
    const parameters = getKeyParameters(chooseAlgorithm(kind, undefined, alg));
    const publicJwk: JsonWebKey = { ...jwk };
    for (const name of ["d", "p", "q", "dp", "dq", "qi"] as const) delete publicJwk[name];
    return {
      privateKey: await crypto.subtle.importKey("jwk", jwk, parameters, false, ["sign"]),
      publicKey: await crypto.subtle.importKey("jwk", publicJwk, parameters, true, ["verify"]),
    };
  } catch {
    // Its message may quote the key.
    throw new UsageError("--dpop-key-file must name a file with a private key as a JWK (EC, OKP or RSA).");
  }
}

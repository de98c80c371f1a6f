/**
 * The identity of a workload on Azure: a managed identity's token, or the token that AKS projects.
 *
 * - `federated-file`: on AKS the workload identity webhook sets `AZURE_FEDERATED_TOKEN_FILE`
 *   (https://azure.github.io/azure-workload-identity/docs/quick-start.html).
 * - `app-service`: App Service, Functions and Container Apps set `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`; `http:` only to
 *   this machine, or to 169.254.0.0/16 (https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference).
 * - `imds`: virtual machines ask the instance metadata service
 *   (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#get-a-token-using-http).
 *
 * @module
 */

import { checkString, checkUrl, throwInvalid } from "../arguments.ts";
import { parseJsonObject } from "../http/json.ts";
import {
  checkAudience,
  checkJwt,
  createIdentityError,
  makeIdentity,
  type Platform,
  type WorkloadIdentity,
} from "./identity.ts";
import { askPlatform, checkRequestOptions, type PlatformRequestOptions } from "./platform_request.ts";
import { reuseJwt } from "./reused_jwt.ts";
import { readTokenFile } from "./token_file.ts";
import { findVariable, requireUrl, requireVariable, type VariableOptions } from "./variables.ts";

export type { WorkloadIdentity } from "./identity.ts";
export type { PlatformRequestOptions } from "./platform_request.ts";
export type { VariableOptions } from "./variables.ts";

/** Options of {@linkcode azureToken}. */
export interface AzureTokenOptions extends PlatformRequestOptions, VariableOptions {
  /**
   * What the token is for. Of a managed identity: the application ID URI of an app in Entra ID, such as
   * `api://AzureADTokenExchange`. Of a federated file: the audience of its token, which is checked.
   */
  readonly audience: string;
  /**
   * Where the token is. The metadata service is asked with `imds` only.
   *
   * @default {the one whose variables are set}
   */
  readonly source?: "federated-file" | "app-service" | "imds" | undefined;
  /** The client ID of a user-assigned managed identity. Default: the system-assigned one. */
  readonly clientId?: string | undefined;
  /**
   * The instance metadata service.
   *
   * @default {"http://169.254.169.254"}
   */
  readonly metadataServer?: string | URL | undefined;
}

const azure: Platform = {
  name: "azure",
  title: "Azure",
  advice: 'Assign an identity to the workload; on a virtual machine set source: "imds". ' +
    "Where there are several identities, set clientId.",
};
const fileName = "AZURE_FEDERATED_TOKEN_FILE";
const [endpointName, headerName] = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"];
const descriptions = {
  "federated-file": `the file that ${fileName} names`,
  "app-service": `a managed identity, by ${endpointName} and ${headerName}`,
  imds: "a managed identity, by the instance metadata service",
};

/**
 * Reads a federated token, or requests a managed identity's. On Deno this needs `--allow-env` for the variables, and
 * `--allow-read` for the file or `--allow-net` for the endpoint.
 *
 * @example
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { azureToken } from "@m2m/authenticator/workload/azure";
 *
 * const identity = azureToken({ audience: "api://AzureADTokenExchange", source: "imds" });
 * const clientAuth = clientAssertion(identity);
 * console.log(identity.platform, clientAuth.method); // azure private_key_jwt
 * ```
 *
 * @param options The audience, the source, and how the request is sent.
 * @returns The identity.
 * @throws {TypeError} If the audience is empty, or another option can't be used.
 */
export function azureToken(options: AzureTokenOptions): WorkloadIdentity {
  const { audience, source, clientId, metadataServer = "http://169.254.169.254", env, reuse, ...settings } = options;
  checkAudience(audience);
  checkRequestOptions(settings);
  checkString("clientId", clientId);
  if (source !== undefined && !Object.hasOwn(descriptions, source)) {
    throwInvalid("source", Object.keys(descriptions).map((name) => `"${name}"`).join(", "), source);
  }
  const imds = new URL("/metadata/identity/oauth2/token", checkUrl("metadataServer", metadataServer));
  const ask = async (url: URL, version: string, headers: HeadersInit) => {
    url.searchParams.set("api-version", version);
    url.searchParams.set("resource", audience);
    if (clientId !== undefined) url.searchParams.set("client_id", clientId);
    // Its aud may be the app's GUID: it isn't checked.
    return checkJwt(azure, parseJsonObject((await askPlatform(azure, url, { headers }, settings)).text)?.access_token);
  };
  const request = reuseJwt(async () => {
    if (source === "imds") return await ask(new URL(imds), "2018-02-01", { metadata: "true" });
    const url = requireUrl(azure, endpointName, { env });
    return await ask(url, "2019-08-01", { "x-identity-header": requireVariable(azure, headerName, { env }) });
  }, reuse);
  const description = source === undefined
    ? Object.values(descriptions).slice(0, 2).join(", or ")
    : descriptions[source];
  return makeIdentity(azure, description, async () => {
    const path = source === undefined || source === "federated-file"
      ? findVariable(azure, fileName, { env })
      : undefined;
    if (path !== undefined) return await readTokenFile(azure, path, audience)();
    if (source === "federated-file") throw createIdentityError(azure, `the variable ${fileName} isn't set`);
    return await request();
  });
}

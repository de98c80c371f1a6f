/**
 * Settings from where Flyte's clients read theirs.
 *
 * @module
 */

import { join } from "node:path";
import { flyteEnvNames } from "../../env/env_names.ts";
import { EnvReader } from "../../env/env_settings.ts";
import { readVariable } from "../../env/environment.ts";
import { checkPlatform } from "../../env/platform_url.ts";
import { parseFlyteApiKey } from "../../flyte/api_key.ts";
import { parseFlyteConfig } from "../../flyte/config_file.ts";
import { UsageError } from "../usage_error.ts";
import { readText } from "./read_settings.ts";
import { mergeLayers, type Settings } from "./settings.ts";

/** Reads Flyte's variables, its API key and its config file, in this order. */
export function readFlyteSettings({ flyteConfig, allowInsecureRequests }: Settings, env: object): Settings {
  const read = (name: string) => {
    const variable = readVariable(name, env);
    return typeof variable === "object" ? variable.text : undefined;
  };
  const variables = readFlyteVariables(env);
  const path = flyteConfig ?? read("FLYTECTL_CONFIG") ??
    join(read("HOME") ?? read("USERPROFILE") ?? ".", ".flyte", "config.yaml");
  const text = readText(path, "Flyte's config file");
  if (text === undefined && flyteConfig !== undefined) {
    throw new UsageError("--flyte-config names no file that is there.");
  }
  const apiKey = read("FLYTE_API_KEY");
  const { endpoint, insecure = false, ...others }: Platform = mergeLayers([
    variables,
    apiKey === undefined ? {} : readApiKey(apiKey),
    text === undefined ? {} : readConfig(text),
  ]);
  if (endpoint === undefined) {
    throw new UsageError(
      "--flyte found no platform. Set FLYTE_API_KEY or FLYTE_PLATFORM_URL, or write ~/.flyte/config.yaml.",
    );
  }
  const flytePlatform = checkPlatform(endpoint, { insecure, allowInsecureRequests });
  return { ...others, endpoint: flytePlatform, flytePlatform };
}

/** Settings of a platform, which may be called without TLS. */
type Platform = Settings & { readonly insecure?: boolean };

function readFlyteVariables(env: object): Platform {
  const names = Object.keys(flyteEnvNames) as (keyof typeof flyteEnvNames)[];
  const { settings: { authMode: _, ...settings }, error } = new EnvReader({ names: flyteEnvNames, env }, names);
  if (error) throw error;
  return settings;
}

/** Its secret is no property that would be copied. */
function readApiKey(apiKey: string): Settings {
  const { endpoint, clientId, clientSecret } = parseFlyteApiKey(apiKey);
  return { endpoint, clientId, clientSecret };
}

function readConfig(text: string): Platform {
  const config = parseFlyteConfig(text);
  const { caCertFilePath, clientSecretLocation, authorizationHeader, authType: _, ...others } = config;
  return {
    ...others,
    ...caCertFilePath && { caFile: caCertFilePath },
    ...clientSecretLocation && { clientSecretFile: clientSecretLocation },
    ...authorizationHeader && { headerKey: authorizationHeader },
  };
}

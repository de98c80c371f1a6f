/**
 * What a `.env` may not say that no option names: it may have come with a folder of another user's.
 *
 * @module
 */

import { realpathSync } from "node:fs";
import { sep } from "node:path";
import { readVariable } from "../../env/environment.ts";
import { settingOptions } from "../options/setting_options.ts";
import { UsageError } from "../usage_error.ts";
import type { Settings } from "./settings.ts";

/** What says where secrets and tokens go, and what could read them on the way. */
const destinations = [
  "endpoint",
  "issuer",
  "tokenEndpoint",
  "flyteConfig",
  "httpProxyUrl",
  "caFile",
  "insecureSkipVerify",
  "allowInsecureRequests",
] as const;

/** What is sent there, or gets a token that is. */
const inFiles = [
  "clientSecretFile",
  "keyFile",
  "assertionFile",
  "certificate",
  "subjectTokenFile",
  "actorTokenFile",
] as const;
const credentials = ["clientSecret", "clientSecretEnvVar", ...inFiles] as const;

/** Layers, by their places. */
export interface Places {
  readonly flags: Settings;
  readonly variables: Settings;
  readonly file: Settings;
  readonly profile: Settings;
}

/** Throws if `.env` would send elsewhere what is secret in another place: a variable, a profile, a file outside. */
export function checkEnvFile(settings: Settings, { flags, variables, file, profile }: Places): void {
  const isOfFile = (key: keyof Settings) =>
    file[key] !== undefined && settings[key] === file[key] && flags[key] === undefined && variables[key] === undefined;
  const destination = destinations.find(isOfFile);
  if (destination === undefined) return;
  // Flyte's variables and its config file hold credentials, too.
  const isForeign = settings.flyte || settings.flyteConfig !== undefined || credentials.some((key) => {
    if (settings[key] === undefined || flags[key] !== undefined) return false;
    if (!isOfFile(key)) return variables[key] !== undefined || profile[key] !== undefined;
    if (key === "clientSecretEnvVar") return typeof readVariable(settings[key]!, undefined) === "object";
    return inFiles.some((each) => each === key) && !isInFolder(String(settings[key]));
  });
  if (!isForeign) return;
  const { env } = settingOptions.find(({ key }) => key === destination)!;
  throw new UsageError(
    `.env sets ${env}, but not the secret that goes with it: another folder's file must not lead secrets elsewhere. ` +
      "Pass --env-file .env if you trust it, or --no-env-file.",
  );
}

/** A missing file is looked for later, and not found. */
function isInFolder(path: string): boolean {
  try {
    return realpathSync(path).startsWith(`${realpathSync(".")}${sep}`);
  } catch (error) {
    return Object(error).code === "ENOENT";
  }
}

/**
 * A client secret in the environment, in a file it names, or in another variable it names.
 *
 * @module
 */

import type { namedSecretFile } from "./named_secret_file.ts";
import { EnvReader, type EnvSource } from "./env_settings.ts";
import { readVariable } from "./environment.ts";

/** The settings that can hold the secret. */
export const secretSettings = ["clientSecret", "clientSecretFile", "clientSecretEnvVar"] as const;

/** Adds a fault if a variable is named that should hold the secret, and doesn't. */
export function requireNamedSecret(reader: EnvReader, { env }: EnvSource): void {
  const name = reader.settings.clientSecretEnvVar;
  if (name !== undefined) reader.requireNamed("clientSecretEnvVar", readVariable(name, env));
}

/** Returns a function that looks up the secret: first the named variable, as Flyte's clients do, then the file. */
export function makeSecretReader(
  source: EnvSource,
  secretFile: typeof namedSecretFile,
): () => Promise<string> {
  const { names, env } = source;
  return async () => {
    const reader = new EnvReader(source, secretSettings);
    reader.require(...secretSettings);
    requireNamedSecret(reader, source);
    const { error, settings: { clientSecretEnvVar, clientSecretFile, clientSecret = "" } } = reader;
    if (error !== undefined) throw error;
    if (clientSecretEnvVar !== undefined) {
      const variable = readVariable(clientSecretEnvVar, env);
      return typeof variable === "object" ? variable.text : "";
    }
    if (clientSecretFile === undefined) return clientSecret;
    return await secretFile(clientSecretFile, names.clientSecretFile)();
  };
}

/**
 * A client secret that stands in the environment, in a file it names, or in another variable it names.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { EnvReading, type EnvSource } from "./env_settings.ts";
import { readVariable } from "./environment.ts";

/** The settings of the secret's three places. */
export const secretPlaces = ["clientSecret", "clientSecretFile", "clientSecretEnvVar"] as const;

/** Takes it for a fault if the secret's variable is named by another one, and isn't there. */
export function requireNamedSecret(reading: EnvReading, { env }: EnvSource): void {
  const name = reading.settings.clientSecretEnvVar;
  if (name !== undefined) reading.requireNamed("clientSecretEnvVar", readVariable(name, env));
}

/**
 * Gives the secret as it is now, for its places are looked at anew each time. As Flyte's clients have it, the named
 * variable counts first, then the file, then what stands there itself.
 */
export function secretFrom(
  source: EnvSource,
  secretFile: (path: string) => () => Promise<string>,
): () => Promise<string> {
  const { names, env } = source;
  return async () => {
    const reading = new EnvReading(source, secretPlaces);
    reading.require(...secretPlaces);
    requireNamedSecret(reading, source);
    const { error, settings: { clientSecretEnvVar, clientSecretFile, clientSecret = "" } } = reading;
    if (error !== undefined) throw error;
    if (clientSecretEnvVar !== undefined) {
      const variable = readVariable(clientSecretEnvVar, env);
      return typeof variable === "object" ? variable.text : "";
    }
    if (clientSecretFile === undefined) return clientSecret;
    try {
      return await secretFile(clientSecretFile)();
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      throw new AuthenticationError(error.code, `${error.message} It is the one that ${names.clientSecretFile} names.`);
    }
  };
}

/**
 * The client's secret: from stdin, a file, a variable, or a prompt.
 *
 * @module
 */

import { describeNamedFault, readVariable } from "../../env/environment.ts";
import { namedSecretFile } from "../../env/named_secret_file.ts";
import type { ReadSettings } from "../settings/read_settings.ts";
import { nameServer, type Settings } from "../settings/settings.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { UsageError } from "../usage_error.ts";

/** Whether something gives a secret without a prompt. */
export function hasSecret(
  { clientSecret, clientSecretStdin, clientSecretFile, clientSecretEnvVar }: Settings,
): boolean {
  return [clientSecret, clientSecretStdin, clientSecretFile, clientSecretEnvVar].some((each) => each !== undefined);
}

/** Gets the secret; a file is read again for each token request. Asks for it on a terminal where nothing gives it. */
export async function openSecret(
  { settings, env }: ReadSettings,
  terminal: Terminal,
): Promise<string | (() => Promise<string>)> {
  const { clientId, clientSecret, clientSecretStdin, clientSecretFile, clientSecretEnvVar: name } = settings;
  if (clientSecretStdin) {
    const text = new TextDecoder().decode(await terminal.readInput()).replace(/\r?\n$/, "");
    if (text === "") throw new UsageError("--client-secret-stdin found no secret on stdin.");
    return text;
  }
  if (name !== undefined) {
    const variable = readVariable(name, env);
    if (typeof variable === "object") return variable.text;
    throw new UsageError(`The secret can't be read: ${describeNamedFault("--client-secret-env-var", variable)}.`);
  }
  if (clientSecretFile !== undefined) return namedSecretFile(clientSecretFile, "--client-secret-file");
  if (clientSecret !== undefined) return clientSecret;
  if (!terminal.isInputTerminal || !terminal.isErrorTerminal) {
    throw new UsageError(
      "No secret is set. Pass --client-secret-file or --client-secret-stdin, or set M2M_CLIENT_SECRET " +
        "(without a secret: --key-file, --assertion-file, --certificate, or --client-auth none).",
    );
  }
  return await terminal.promptSecret(`secret of the client ${clientId} at ${nameServer(settings)}`);
}

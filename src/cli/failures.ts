/**
 * Failures, as one line with what to do, and their exit codes.
 *
 * @module
 */

import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import { failureMessage, isDenied } from "../http/network_errors.ts";
import { exitCodes } from "./exit_codes.ts";
import { nameFlags } from "./options/option_names.ts";
import { UsageError } from "./usage_error.ts";

/** A failure, ready to be printed. */
export interface Failure {
  readonly message: string;
  readonly exitCode: number;
}

/** The API couldn't be reached. */
export class ApiUnreachableError extends Error {
  override readonly name = "ApiUnreachableError";
}

/** Says that the API couldn't be reached: the runtime's error is in its message, without queries. */
export function explainUnreachable(error: unknown, url: URL): Error {
  if (error instanceof AuthenticationError || error instanceof UsageError || isDenied(error)) return error as Error;
  const reason = failureMessage(error, url.href).replace(/\.$/, "");
  return new ApiUnreachableError(
    `Cannot reach ${url.origin}: ${reason}. Run m2m doctor ${url.origin}${url.pathname} to find out why.`,
  );
}

const usageCodes: readonly AuthenticationErrorCode[] = [
  "config_not_found",
  "invalid_config",
  "insecure_endpoint",
  "client_auth_unavailable",
  "permission_denied",
  "proof_failed",
];
const networkCodes: readonly AuthenticationErrorCode[] = ["network_error", "timeout", "proxy_failed", "tls_failed"];

/** Makes one line of what a command threw. It shows no secret: messages of this module hold none. */
export function explainFailure(error: unknown): Failure {
  if (error instanceof UsageError) return { message: error.message, exitCode: exitCodes.usage };
  if (error instanceof ApiUnreachableError) return { message: error.message, exitCode: exitCodes.network };
  if (error instanceof AuthenticationError) {
    const { code, retryable } = error;
    const isNetwork = networkCodes.includes(code) || retryable;
    const exitCode = isNetwork ? exitCodes.network : usageCodes.includes(code) ? exitCodes.usage : exitCodes.refused;
    const message = nameFlags(error.message).replace(/[^.]$/, "$&.");
    return { message: exitCode === exitCodes.usage ? message : `${message} m2m doctor finds out more.`, exitCode };
  }
  if (isDenied(error)) return { message: explainDenied(error), exitCode: exitCodes.usage };
  // Wrong options are of these two types; what else is thrown here is a fault of this program.
  if (error instanceof TypeError || error instanceof RangeError) {
    return { message: nameFlags(error.message), exitCode: exitCodes.usage };
  }
  const { code } = Object(error);
  const message = typeof code === "string" ? `Failed (${code}).` : "Failed for an unknown reason.";
  return { message, exitCode: exitCodes.refused };
}

/** Deno's message says which flag, and may quote a path or host. */
function explainDenied(error: unknown): string {
  const [flag = "-A"] = /--allow-[a-z]+/.exec(String(Object(error).message)) ?? [];
  return `Deno doesn't permit this: run it with ${flag}.`;
}

/** Why something failed, in words. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Deno's fetch says that it failed, and why in the cause.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

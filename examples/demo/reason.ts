/** The reason of a failure. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Deno's fetch has the reason in the cause.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

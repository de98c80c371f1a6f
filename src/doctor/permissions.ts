/**
 * What may be read without a question: on a terminal, Deno would ask for each variable.
 *
 * @module
 */

/** A permission of Deno's. */
interface Permission {
  readonly name: "env" | "sys";
  readonly variable?: string;
  readonly kind?: string;
}

declare const Deno: { permissions: { querySync(permission: Permission): { state: string } } } | undefined;

/** Whether something is permitted, or needs no permission on this runtime. */
export function isPermitted(permission: Permission): boolean {
  try {
    return typeof Deno === "undefined" || Deno.permissions.querySync(permission).state === "granted";
  } catch {
    return false;
  }
}

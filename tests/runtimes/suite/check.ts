/** Calls of the API, and all that comes of them. @module */
import { assertEquals } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { planted } from "../../faults/planted.ts";
import { assertCount, type Count, fine, type SeenRequest, type Setting, together, type World } from "./world.ts";

/** What calls come to. What isn't given isn't checked. */
interface Expected {
  /** Status and text of each answer, or the code or the name of an error. Default: the API's usual answer. */
  readonly gets?: string | readonly string[];
  /** The number of token requests. */
  readonly tokens?: Count;
  /** The requests that arrive there: see `outline`. */
  readonly api?: readonly string[];
  readonly elsewhere?: readonly string[];
  /** How many times at once each call is made. Default: 1. */
  readonly atOnce?: number;
}

/**
 * Calls `fetch` in a scene, one call after the other (default: with `/x`, once), and checks what comes of that.
 * `{elsewhere}` in a path stands for that origin.
 */
export async function check(
  world: World,
  setting: Setting,
  { gets = fine, tokens, atOnce = 1, ...requests }: Expected,
  ...calls: readonly (readonly [path: string, init?: RequestInit])[]
): Promise<void> {
  const scene = await world.set(setting);
  const describe = (error: Error) => error instanceof AuthenticationError ? error.code : error.name;

  const got: string[] = [];
  for (const [path, init] of calls.length > 0 ? calls : [["/x"]] as const) {
    const url = path.replace("{elsewhere}", scene.elsewhere.origin);
    got.push(...await together(atOnce, () => scene.call(url, init).catch(describe)));
  }

  assertEquals(got, typeof gets === "string" ? got.map(() => gets) : gets);
  if (tokens !== undefined) await assertCount(scene.tokens, tokens);
  for (const role of ["api", "elsewhere"] as const) {
    if (requests[role]) assertEquals((await scene[role].requests()).map(outline), requests[role]);
  }
}

const shown = ["authorization", "proxy-authorization", "cookie", "x-caller", "x-own", "x-store", "x-token"];

/** As in `PUT /path text 1 x-own a`: method, path, body, `authorization`, other headers. A token is its number. */
export function outline({ method, path, body, headers }: SeenRequest): string {
  const lines = shown.filter((name) => name in headers).map((name) => `${name} ${headers[name]}`);
  return [method, path, body, ...lines].filter(Boolean).join(" ")
    .replace(`Bearer ${planted.tokenStart}00`, "").replace("authorization ", "");
}

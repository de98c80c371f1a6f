/** Calls of the API, and all that comes of them. @module */
import { assertEquals } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { planted } from "../../faults/planted.ts";
import { assertCount, type Count, type SeenRequest, type Setting, type World } from "./world.ts";

/** What calls come to. What isn't given isn't checked. */
interface Expected {
  /** Status and text of each answer, or the code or the name of an error. */
  readonly gets: string | readonly string[];
  /** The number of token requests. */
  readonly tokens?: Count;
  /** The requests that arrive there: see `outline`. */
  readonly api?: readonly string[];
  readonly elsewhere?: readonly string[];
}

/** Calls `fetch` in a scene, one call after the other (default: with `/x`, once), and checks what comes of that. */
export async function check(
  world: World,
  setting: Setting,
  expected: Expected,
  ...calls: readonly (readonly [path: string, init?: RequestInit])[]
): Promise<void> {
  const scene = await world.set(setting);
  const describe = (error: Error) => error instanceof AuthenticationError ? error.code : error.name;

  const got: string[] = [];
  for (const call of calls.length > 0 ? calls : [["/x"]] as const) got.push(await scene.call(...call).catch(describe));

  assertEquals(got, [expected.gets].flat());
  if (expected.tokens !== undefined) await assertCount(scene.tokens, expected.tokens);
  for (const role of ["api", "elsewhere"] as const) {
    if (expected[role]) assertEquals((await scene[role].requests()).map(outline), expected[role]);
  }
}

const shown = ["authorization", "proxy-authorization", "cookie", "x-caller", "x-own", "x-store", "x-token"];

/** As in `PUT /path text 1 x-own a`: method, path, body, `authorization`, other headers. A token is its number. */
export function outline({ method, path, body, headers }: SeenRequest): string {
  const lines = shown.filter((name) => name in headers).map((name) => `${name} ${headers[name]}`);
  return [method, path, body, ...lines].filter(Boolean).join(" ")
    .replace(`Bearer ${planted.tokenStart}00`, "").replace("authorization ", "");
}

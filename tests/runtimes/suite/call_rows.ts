/** Cases that are data: calls of the API, their answers, and the requests that arrive. @module */
import { assertEquals } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { type Case, eachRow, type Trait } from "./case.ts";
import { planted } from "./planted.ts";
import { assertCount, type Count, type Scene, type SeenRequest, type Setting } from "./world.ts";

/** A scene, calls one after the other, and what comes of them. What isn't given isn't checked. */
export interface CallRow extends Setting {
  /** What `fetch` is called with. Default: `/x`, once. */
  readonly calls?: (scene: Scene) => readonly (readonly [input: string | URL | Request, init?: RequestInit])[];
  /** Status and text of each answer, or the code or the name of an error. */
  readonly gets: readonly string[];
  /** The number of token requests, or its limits. */
  readonly tokenRequests?: Count;
  /** The requests that arrive there: see `outline`. */
  readonly seen?: { readonly api?: readonly string[]; readonly elsewhere?: readonly string[] };
}

/** One case for each row. */
export function callRows(rows: Readonly<Record<string, CallRow>>, ...needs: readonly Trait[]): Case[] {
  const check: Parameters<typeof eachRow<CallRow>>[2] = async (world, row) => {
    const { calls = () => [["/x"]], gets, tokenRequests, seen = {}, ...setting } = row;
    const scene = await world.set(setting);

    const got: string[] = [];
    const name = (error: Error) => error instanceof AuthenticationError ? error.code : error.name;
    for (const call of calls(scene)) got.push(await scene.call(...call).catch(name));

    assertEquals(got, [...gets]);
    if (tokenRequests !== undefined) await assertCount(scene.tokens, tokenRequests);
    for (const role of ["api", "elsewhere"] as const) {
      if (seen[role]) assertEquals((await scene[role].requests()).map(outline), seen[role]);
    }
  };
  return eachRow(rows, (name) => name, check, ...needs);
}

const shown = ["authorization", "proxy-authorization", "cookie", "x-caller", "x-own", "x-store", "x-token"];

/** As in `PUT /path text authorization 1`: method, path, body, and headers; a token is its number. */
function outline({ method, path, body, headers }: SeenRequest): string {
  const lines = shown.filter((name) => name in headers)
    .map((name) => `${name} ${headers[name]?.replace(`Bearer ${planted.tokenStart}00`, "")}`);
  return [method, path, body, ...lines].filter(Boolean).join(" ");
}

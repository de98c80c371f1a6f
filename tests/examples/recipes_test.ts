/** The recipes, each against a stand-in on loopback that compares requests with what the vendor's documents say. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { jwtVerify } from "jose";
import { serve } from "../servers/loopback.ts";
import { root } from "../std/source.ts";
import { type Exchange, type Recipe, recipes, secret, snowflakeKey } from "./recipes.ts";
import { assertRuns } from "./run_example.ts";

/** Answers as the vendor does, and refuses what its documents don't say. */
function startVendor({ metadata = {}, exchanges }: Recipe) {
  const left = [...exchanges];
  const seen: Request[] = [];
  const differences: string[] = [];
  const server = serve(async (request) => {
    const url = request.headers.get("x-url")!;
    if (url.includes("/.well-known/")) {
      return metadata[url] ? Response.json(metadata[url]) : new Response("Not Found", { status: 404 });
    }
    const expected = left.shift();
    const difference = expected ? await compare(url, request, expected) : `${request.method} ${url}: one too many`;
    seen.push(request);
    if (difference === undefined) return Response.json(expected!.answer);
    differences.push(difference);
    return new Response(null, { status: 400 });
  });
  return { ...server, left, seen, differences };
}

/** Says what is wrong about a request. */
async function compare(url: string, request: Request, { headers = {}, body, ...expected }: Exchange) {
  const text = await request.text();
  const isForm = request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
  const got = {
    request: `${request.method} ${url}`,
    headers: Object.fromEntries(Object.keys(headers).map((name) => [name, request.headers.get(name)])),
    body: text === "" ? undefined : isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text),
  };
  try {
    assertEquals(got, { request: expected.request, headers, body });
    // Basic and a secret in the body are refused together (RFC 6749 §2.3).
    if (isForm) assertEquals(request.headers.has("authorization"), "authorization" in headers);
  } catch (error) {
    return (error as Error).message;
  }
}

for (const [file, recipe] of Object.entries(recipes)) {
  Deno.test(`recipes/${file}: gets a token and calls, as the vendor's documents say`, async () => {
    await using vendor = startVendor(recipe);
    const prefix = Object.keys(recipe.env)[0]!.split("_")[0];
    await assertRuns({
      ...{ command: [`recipes/${file}`], net: [vendor.origin], preload: "tests/examples/recipe_hosts.ts" },
      ...{ env: { ...recipe.env, STAND_IN: vendor.origin }, names: `${prefix}_*,STAND_IN` },
      ...recipe.files && { files: recipe.files },
      secrets: () => [secret],
    }, [{ prints: `200 ${JSON.stringify(recipe.exchanges.at(-1)!.answer)}\n` }])
      // These say more than what the recipe printed.
      .finally(() => assertEquals(vendor.differences, []));

    assertEquals(vendor.left, []);
    if (file === "snowflake.ts") await checkKeyPairJwt(vendor.seen[0]!.headers.get("authorization")!);
  });
}

async function checkKeyPairJwt(authorization: string): Promise<void> {
  const { payload } = await jwtVerify(authorization.slice("Bearer ".length), snowflakeKey.publicKey);
  const { iss, sub, iat = 0, exp = 0, ...others } = payload;
  const der = snowflakeKey.publicKey.export({ type: "spki", format: "der" });
  const fingerprint = createHash("sha256").update(der).digest("base64");
  assertEquals([iss, sub, others], [`ACME-MAIN.LOADER.SHA256:${fingerprint}`, "ACME-MAIN.LOADER", {}]);
  assertEquals([exp > iat, exp - iat <= 3600], [true, true]);
}

Deno.test("recipes: each was run, says so, and stands in the list of examples", async () => {
  const list = await Deno.readTextFile(`${root}/examples/README.md`);
  const files = Array.from(Deno.readDirSync(`${root}/examples/recipes`), ({ name }) => name).sort();

  assertEquals(files, Object.keys(recipes).sort());
  for (const file of files) {
    const text = await Deno.readTextFile(`${root}/examples/recipes/${file}`);
    assertStringIncludes(text, "Run against a server that answers as its documents say:\n * https://");
    assertStringIncludes(list, `(recipes/${file})`);
  }
});

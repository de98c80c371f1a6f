import { assertEquals, assertStringIncludes } from "@std/assert";
import { chooseSource, environment, flags } from "./source.ts";

const run = `${import.meta.dirname}/run.ts`;

/** Starts a program by `run.ts`. */
async function start(code: string, ...args: string[]) {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code);
  const allowed = ["--allow-env", "--allow-read", "--allow-run"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...allowed, run, "run", "--quiet", file, ...args],
    env: environment(await chooseSource()),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  return {
    child,
    async [Symbol.asyncDispose]() {
      await child.status;
      await Deno.remove(file);
    },
  };
}

Deno.test("run.ts: passes arguments on, and the exit code back", async () => {
  await using started = await start("console.log(JSON.stringify(Deno.args)); Deno.exit(7);", "a b", "", '$"*');

  const { code, stdout } = await started.child.output();

  assertEquals([code, JSON.parse(new TextDecoder().decode(stdout))], [7, ["a b", "", '$"*']]);
});

Deno.test("run.ts: a program finds @std, the package and its other imports", async () => {
  await using started = await start(`
    import { assert } from "@std/assert";
    import { encodeBase64 } from "@std/encoding/base64";
    import { getBasicAuthorizationHeader } from "@m2m/authenticator";
    import { decodeJwt } from "jose";
    assert(typeof decodeJwt === "function");
    console.log(encodeBase64("abc"), getBasicAuthorizationHeader("a", "b"));
  `);

  const { code, stdout } = await started.child.output();

  assertEquals([code, new TextDecoder().decode(stdout)], [0, "YWJj Basic YTpi\n"]);
});

Deno.test({
  name: "run.ts: SIGTERM ends the subcommand, whose exit code it returns",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using started = await start(`
      Deno.addSignalListener("SIGTERM", () => Deno.exit(3));
      const forever = setInterval(() => {}, 1000);
      console.log("ready");
    `);
    const reader = started.child.stdout.getReader();
    assertStringIncludes(new TextDecoder().decode((await reader.read()).value), "ready");

    started.child.kill("SIGTERM");

    assertEquals((await started.child.status).code, 3);
    await reader.cancel();
  },
});

Deno.test("flags: names an import map without JSR, for subcommands that load modules", () => {
  assertEquals(flags("jsr", "run").filter((flag) => flag === "--import-map"), []);
  assertEquals(flags("npm", "run").filter((flag) => flag === "--import-map"), ["--import-map"]);
  assertEquals(flags("npm", "fmt"), flags("jsr", "fmt"));
});

Deno.test("flags: the import map has a line for each stand-in, and two for other packages", () => {
  const [, , , map] = flags("npm", "run");

  const { imports } = JSON.parse(decodeURIComponent(map!.slice(map!.indexOf(",") + 1)));

  assertEquals(imports["@std/encoding/base64"], new URL("encoding/base64.ts", import.meta.url).href);
  assertEquals(imports["@std/encoding"], undefined);
  assertEquals(`${imports.jose}/`, imports["jose/"]?.replace("npm:/", "npm:"));
});

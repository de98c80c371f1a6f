import { assertEquals } from "@std/assert";
import { chooseSource, environment, flags } from "./source.ts";

/** Starts a program by `run.ts`. */
async function start(code: string, ...args: string[]): Promise<Deno.ChildProcess> {
  const program = `data:text/typescript,${encodeURIComponent(code)}`;
  const options = ["run", "--quiet", "--allow-env", "--allow-read", "--allow-run", `${import.meta.dirname}/run.ts`];
  return new Deno.Command(Deno.execPath(), {
    args: [...options, "run", "--quiet", program, ...args],
    env: environment(await chooseSource()),
    stdin: "null",
    stdout: "piped",
  }).spawn();
}

Deno.test("run.ts: passes arguments on, and the exit code back; the program finds @std, the package and others", async () => {
  const args = ["a b", "", '$"*'];
  const code = `
    import { encodeBase64 } from "@std/encoding/base64";
    import { getBasicAuthorizationHeader } from "@m2m/authenticator";
    import { decodeJwt } from "jose";
    console.log(JSON.stringify([Deno.args, encodeBase64("abc"), getBasicAuthorizationHeader("a", "b"), typeof decodeJwt]));
    Deno.exit(7);`;
  const output = await (await start(code, ...args)).output();

  const printed = JSON.parse(new TextDecoder().decode(output.stdout));
  assertEquals([output.code, ...printed], [7, args, "YWJj", "Basic YTpi", "function"]);
});

const ignore = Deno.build.os === "windows";
Deno.test("run.ts: SIGTERM ends the subcommand, whose exit code it returns", { ignore }, async () => {
  const code = `
    Deno.addSignalListener("SIGTERM", () => Deno.exit(3));
    setInterval(() => {}, 1000);
    console.log("ready");`;
  await using child = await start(code);
  const reader = child.stdout.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "ready\n");

  child.kill("SIGTERM");

  assertEquals((await child.status).code, 3);
  await reader.cancel();
});

Deno.test("flags: without JSR an import map has each stand-in, for subcommands that load modules", () => {
  assertEquals([flags("jsr", "run").length, flags("npm", "fmt")], [3, flags("jsr", "fmt")]);
  const [, , name, map = ""] = flags("npm", "run");

  const { imports } = JSON.parse(decodeURIComponent(map.slice(map.indexOf(",") + 1)));

  const base64 = new URL("encoding/base64.ts", import.meta.url).href;
  assertEquals([name, imports["@std/encoding"], imports["@std/encoding/base64"]], ["--import-map", undefined, base64]);
  // In an import map a package's subpaths take a line of their own.
  assertEquals(imports["jose/"], `${imports.jose}/`.replace("npm:", "npm:/"));
});

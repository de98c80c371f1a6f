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
  const child = await start(
    `
    import { encodeBase64 } from "@std/encoding/base64";
    import { getBasicAuthorizationHeader } from "@m2m/authenticator";
    import { decodeJwt } from "jose";
    console.log(JSON.stringify([Deno.args, encodeBase64("abc"), getBasicAuthorizationHeader("a", "b"), typeof decodeJwt]));
    Deno.exit(7);
  `,
    ...["a b", "", '$"*'],
  );

  const { code, stdout } = await child.output();

  const printed = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals({ code, printed }, { code: 7, printed: [["a b", "", '$"*'], "YWJj", "Basic YTpi", "function"] });
});

Deno.test({
  name: "run.ts: SIGTERM ends the subcommand, whose exit code it returns",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using child = await start(`
      Deno.addSignalListener("SIGTERM", () => Deno.exit(3));
      setInterval(() => {}, 1000);
      console.log("ready");
    `);
    const reader = child.stdout.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "ready\n");

    child.kill("SIGTERM");

    assertEquals((await child.status).code, 3);
    await reader.cancel();
  },
});

Deno.test("flags: without JSR an import map has each stand-in, for subcommands that load modules", () => {
  assertEquals([flags("jsr", "run").length, flags("npm", "fmt")], [2, flags("jsr", "fmt")]);
  const [, , name, map = ""] = flags("npm", "run");

  const { imports } = JSON.parse(decodeURIComponent(map.slice(map.indexOf(",") + 1)));

  const { "@std/encoding": main, "@std/encoding/base64": base64, jose, "jose/": subpaths } = imports;
  assertEquals({ name, main, base64, subpaths }, {
    name: "--import-map",
    main: undefined,
    base64: new URL("encoding/base64.ts", import.meta.url).href,
    // In an import map a package's subpaths take a line of their own.
    subpaths: `${jose}/`.replace("npm:", "npm:/"),
  });
});

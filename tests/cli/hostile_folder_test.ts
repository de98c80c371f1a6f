import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { chooseSource, environment, flags } from "../std/source.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { runProgram } from "./run_command.ts";
import { secrets, type Stage, startStage } from "./stage.ts";

let stage: Stage;
let home: string;
let cwd: string;
Deno.test.beforeAll(async () => {
  stage = await startStage();
  [home, cwd] = ["home", "cloned"].map((name) => join(stage.folder, name)) as [string, string];
  await Deno.mkdir(join(home, "m2m"), { recursive: true });
  await Deno.mkdir(cwd);
});
Deno.test.afterAll(async () => await stage[Symbol.asyncDispose]());

/** Runs it on Deno in the cloned folder, with a home of its own. */
async function run(args: readonly string[], env: Record<string, string> = {}) {
  const source = await chooseSource();
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const first = ["run", "--quiet", "--no-check", "--no-prompt", "--no-lock", "-A", ...flags(source, "run"), main];
  return await runProgram(Deno.execPath(), [...first, ...args], {
    cwd,
    env: { XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home, ...env },
    more: environment(source),
  });
}

async function writeProfile(mode: number): Promise<void> {
  const { server, api } = stage;
  const profile = { issuer: server.issuer, audience: api.audience, clientId: "basic-client" };
  const path = join(home, "m2m", "profiles.json");
  await Deno.writeTextFile(path, JSON.stringify({ default: { ...profile, clientSecret: secrets.basic } }));
  await Deno.chmod(path, mode);
}

Deno.test("m2m: a .env that no option names leads no secret of another place elsewhere", async (t) => {
  await writeProfile(0o600);
  await using echo = await startStage();
  const { echo: other } = echo;
  const own = `M2M_TOKEN_ENDPOINT=${other}/token\nM2M_CLIENT_ID=a\n`;
  const inEnvironment = { M2M_CLIENT_ID: "a", M2M_CLIENT_SECRET: secrets.basic };
  await runToEnd("ln", { args: ["-s", stage.files.secret, join(cwd, "link")] });
  for (
    const [name, text, env] of [
      ["a token endpoint, and a profile's secret", `M2M_TOKEN_ENDPOINT=${other}/token`],
      ["an endpoint, which gets the token", `M2M_ENDPOINT=${other}`],
      ["a proxy", `M2M_HTTP_PROXY_URL=${other}`],
      ["no verification", "M2M_INSECURE_SKIP_VERIFY=true"],
      ["a token endpoint, and a variable's secret", own, inEnvironment],
      ["a variable to send", `${own}M2M_CLIENT_SECRET_ENV_VAR=OTHER`, { OTHER: secrets.basic }],
      ["a file to send", `${own}M2M_CLIENT_SECRET_FILE=${stage.files.secret}`],
      ["a link to a file to send", `${own}M2M_CLIENT_SECRET_FILE=link`],
      ["an endpoint, and Flyte's secret", `M2M_ENDPOINT=${other}\nM2M_FLYTE=true`, { FLYTE_API_KEY: "x" }],
    ] as const
  ) {
    await t.step(name, async () => {
      await Deno.writeTextFile(join(cwd, ".env"), text);
      const { code, stdout, stderr } = await run(["token", "--no-cache"], env);
      assertEquals([code, stdout], [2, ""], stderr);
      assertMatch(stderr, /^m2m: \.env sets M2M_\w+, .* --env-file \.env if you trust it/);
    });
  }
  await t.step("what is all its own, or is no server, counts", async () => {
    await Deno.writeTextFile(join(cwd, ".env"), "M2M_SCOPES=api:read");
    const { stdout } = await run(["token", "--json", "--no-cache"]);
    assertStringIncludes(stdout, '"scope":"api:read"');
    await Deno.writeTextFile(join(cwd, ".env"), `${own}M2M_CLIENT_SECRET=b`);
    assertMatch((await run(["token", "--no-cache"])).stderr, /Cannot get a token from/);
    await Deno.writeTextFile(join(cwd, ".env"), `M2M_ENDPOINT=${other}`);
    assertMatch((await run(["fetch", "x", "--env-file", ".env"])).stdout, /"path":"\/x"/);
  });
});

Deno.test("m2m: profiles that other users can write aren't read", async () => {
  await Deno.remove(join(cwd, ".env")).catch(() => {});
  await writeProfile(0o622);
  const { code, stdout, stderr } = await run(["token"]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /can be written by other users\. Run: chmod 600/);
});

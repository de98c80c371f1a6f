import { assert, assertEquals, assertFalse } from "@std/assert";
import { planted } from "./faults/planted.ts";
import { runToEnd } from "./runtimes/run_to_end.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { startAuthorizationServer } from "./servers/authorization_server.ts";
import { chooseSource, environment, flags, root } from "./std/source.ts";

const source = await chooseSource();
const secret = "my-secret";
const clients = [{ client_id: "my-client", client_secret: secret }];

/** Runs a few lines with the permissions given and no others, and the variables given besides Deno's own. */
async function run(code: string, permissions: readonly string[], env: Record<string, string>) {
  const imports = `import { authenticatorFromEnv, EnvClientConfigStore } from "file://${root}/src/env/from_env.ts";
    const told = (error) => error.code + ": " + error.message;`;
  const script = `data:text/javascript,${encodeURIComponent(imports + code)}`;
  const args = ["run", ...flags(source, "run"), "--quiet", "--no-prompt", ...permissions, script];
  const { stdout, stderr } = await runToEnd(Deno.execPath(), { args, env: { ...environment(source), ...env } });
  for (const text of [stdout, stderr]) assertFalse(text.includes(secret) || text.includes(planted.token), text);
  return { stdout: stdout.trim(), stderr };
}

const getToken = `await authenticatorFromEnv().getCredentials().then(({ tokenType }) => console.log(tokenType),
  (error) => console.log(told(error)));`;
const build = `try { authenticatorFromEnv(); } catch (error) { console.log(told(error)); }`;
const ask =
  `try { console.log(new EnvClientConfigStore().getClientConfig()); } catch (error) { console.log(told(error)); }`;

const storeNames = ["M2M_TOKEN_ENDPOINT", "M2M_ISSUER", "M2M_SCOPES", "M2M_AUDIENCE", "M2M_HEADER_KEY"];
const allNames = [
  "M2M_ENDPOINT",
  "M2M_CLIENT_ID",
  "M2M_CLIENT_SECRET",
  "M2M_CLIENT_SECRET_FILE",
  "M2M_CLIENT_SECRET_ENV_VAR",
  ...storeNames,
];

Deno.test("on Deno the store asks for the five names it reads, and no other", async () => {
  const env = { M2M_TOKEN_ENDPOINT: "https://auth.test/token" };

  assertEquals(await run(ask, [`--allow-env=${storeNames}`], env), {
    stdout: '{ tokenEndpoint: "https://auth.test/token" }',
    stderr: "",
  });
  for (const name of storeNames) {
    const others = storeNames.filter((other) => other !== name);
    const { stdout } = await run(ask, [`--allow-env=${others}`], env);
    assertEquals(
      stdout,
      `permission_denied: Cannot use the settings in the environment: ${name} may not be read (--allow-env=${name}).`,
    );
  }
});

Deno.test("on Deno the helper asks for the ten names it reads, and one host", async () => {
  await using server = await startAuthorizationServer({ clients });
  const env = {
    M2M_ENDPOINT: "https://api.test",
    M2M_CLIENT_ID: "my-client",
    M2M_CLIENT_SECRET: secret,
    M2M_ISSUER: server.issuer,
  };
  const net = `--allow-net=${new URL(server.issuer).host}`;

  assertEquals(await run(getToken, [net, `--allow-env=${allNames}`], env), { stdout: "Bearer", stderr: "" });
  assertEquals(await run(getToken, [net, "--allow-env=M2M_*"], env), { stdout: "Bearer", stderr: "" });
});

Deno.test("on Deno the helper asks for no name whose setting is given", async () => {
  await using server = await startAuthorizationServer({ clients });
  const env = { M2M_CLIENT_ID: "my-client", M2M_CLIENT_SECRET: secret, M2M_TOKEN_ENDPOINT: server.tokenEndpoint };
  const code = `const given = { endpoint: "https://api.test", scopes: [], audience: "", headerKey: "x-token" };
    await authenticatorFromEnv(given).getCredentials().then(({ tokenType }) => console.log(tokenType),
      (error) => console.log(told(error)));`;
  const names = allNames.filter((name) => !/ENDPOINT$|SCOPES|AUDIENCE|HEADER_KEY/.test(name));
  const permissions = [
    `--allow-net=${new URL(server.issuer).host}`,
    `--allow-env=${[...names, "M2M_TOKEN_ENDPOINT"]}`,
  ];

  assertEquals(await run(code, permissions, env), { stdout: "Bearer", stderr: "" });
});

Deno.test("on Deno all names that may not be read are told at once, and how to allow them", async () => {
  const { stdout } = await run(build, ["--allow-env=M2M_ENDPOINT,M2M_CLIENT_ID"], { M2M_ENDPOINT: "https://api.test" });

  const denied = allNames.slice(2);
  assert(stdout.startsWith("permission_denied: "), stdout);
  for (const name of denied) assert(stdout.includes(name), name);
  const [, advised] = /--allow-env=(\S+)\)/.exec(stdout) ?? [];
  assertEquals(advised?.split(",").sort(), denied.sort());
  assert(stdout.includes("; M2M_CLIENT_ID is missing"), stdout);
});

Deno.test("on Deno a secret's file takes permission to read that file, and no other", async () => {
  await using server = await startAuthorizationServer({ clients });
  await using folder = await temporaryFolder("from_env_");
  const path = `${folder.path}/${planted.token.replaceAll("/", "_")}`;
  await Deno.writeTextFile(path, `${secret}\n`);
  const env = {
    M2M_ENDPOINT: "https://api.test",
    M2M_CLIENT_ID: "my-client",
    M2M_CLIENT_SECRET_FILE: path,
    M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
  };
  const permissions = [`--allow-net=${new URL(server.issuer).host}`, "--allow-env=M2M_*"];

  assertEquals(await run(getToken, [...permissions, `--allow-read=${path}`], env), { stdout: "Bearer", stderr: "" });
  assertEquals(
    (await run(getToken, permissions, env)).stdout,
    "permission_denied: Cannot read the secret's file: not permitted. Run with --allow-read for it. " +
      "It is the one that M2M_CLIENT_SECRET_FILE names.",
  );
});

Deno.test("on Deno a named variable takes permission for its name, which isn't shown: it may be a secret", async () => {
  await using server = await startAuthorizationServer({ clients });
  const env = {
    M2M_ENDPOINT: "https://api.test",
    M2M_CLIENT_ID: "my-client",
    M2M_CLIENT_SECRET_ENV_VAR: "VAULT_SECRET",
    VAULT_SECRET: secret,
    M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
  };
  const net = `--allow-net=${new URL(server.issuer).host}`;

  assertEquals(await run(getToken, [net, "--allow-env=M2M_*,VAULT_SECRET"], env), { stdout: "Bearer", stderr: "" });
  assertEquals(
    (await run(build, [net, "--allow-env=M2M_*"], { ...env, M2M_CLIENT_SECRET_ENV_VAR: planted.token })).stdout,
    "permission_denied: Cannot use the settings in the environment: the variable that M2M_CLIENT_SECRET_ENV_VAR names " +
      "may not be read (--allow-env).",
  );
});

import { assert, assertFalse, assertStringIncludes } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { planted } from "./faults/planted.ts";
import { runToEnd } from "./runtimes/run_to_end.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { client, startFlyteBackend } from "./servers/flyte_backend.ts";
import { chooseSource, environment, flags, root } from "./std/source.ts";

const source = await chooseSource();
const { clientId, clientSecret } = client;
const storeNames = ["M2M_TOKEN_ENDPOINT", "M2M_ISSUER", "M2M_SCOPES", "M2M_AUDIENCE", "M2M_HEADER_KEY"];
const secretNames = ["M2M_CLIENT_SECRET", "M2M_CLIENT_SECRET_FILE", "M2M_CLIENT_SECRET_ENV_VAR"];
const names = ["M2M_ENDPOINT", "M2M_CLIENT_ID", ...secretNames, ...storeNames];
const unless = (pattern: RegExp) => names.filter((name) => !pattern.test(name));

type Expression = readonly [module: string, expression: string];

/** Runs an expression with the permissions given and no others: prints its value, or a code and a message. */
async function run([module, expression]: Expression, permissions: string, env: Record<string, string>) {
  const code = `import * as m from "file://${root}/src/${module}.ts";
    try { console.log(${expression}); } catch (error) { console.log(error.code + ": " + error.message); }`;
  const script = `data:text/javascript,${encodeURIComponent(code)}`;
  const allowed = permissions.split(" ").map((permission) => `--allow-${permission}`);
  const args = ["run", ...flags(source, "run"), "--quiet", "--no-prompt", ...allowed, script];
  const { stdout, stderr } = await runToEnd(Deno.execPath(), { args, env: { ...environment(source), ...env } });
  for (const secret of [clientSecret, planted.token]) assertFalse((stdout + stderr).includes(secret), stdout + stderr);
  return stdout + stderr;
}

const token = (module: string, make: string, ...args: unknown[]): Expression => [
  module,
  `(await m.${make}(...${JSON.stringify(args)}).getCredentials()).tokenType`,
];
const store: Expression = ["env/from_env", "new m.EnvClientConfigStore().getClientConfig().tokenEndpoint"];
const fromEnv = token("env/from_env", "authenticatorFromEnv");
const given = { endpoint: "https://api.test", scopes: [], audience: "", headerKey: "x-token" };

Deno.test("Deno: settings take the permissions for what they read, and no others", async (t) => {
  await using backend = await startFlyteBackend();
  await using folder = await temporaryFolder("permissions_");
  const file = `${folder.path}/${planted.token.replaceAll("/", "_")}`;
  await Deno.writeTextFile(file, `${clientSecret}\n`);
  const { flyte: { origin }, hosts, issuer } = backend;

  const tokenEndpoint = `${issuer}/token`;
  const client = { M2M_CLIENT_ID: clientId, M2M_TOKEN_ENDPOINT: tokenEndpoint };
  const unproven = { ...client, M2M_ENDPOINT: "https://api.test" };
  const bySecret = { ...unproven, M2M_CLIENT_SECRET: clientSecret };
  const byFile = { ...unproven, M2M_CLIENT_SECRET_FILE: file };
  const byName = { ...unproven, M2M_CLIENT_SECRET_ENV_VAR: "VAULT_SECRET", VAULT_SECRET: clientSecret };
  const misplaced = { ...unproven, M2M_CLIENT_SECRET_ENV_VAR: planted.token };
  const flyteSecret = { FLYTE_SECRET: clientSecret };

  const fromSome = token("env/from_env", "authenticatorFromEnv", given);
  const key = encodeBase64(`${origin}:${clientId}:${clientSecret}:None`);
  const fromKey = token("flyte/from_flyte", "authenticatorFromFlyteApiKey", key);
  const fromConfig = (place: string) => {
    const source = `admin: { endpoint: "${origin}", clientId: ${clientId}, ${place} }`;
    return token("flyte/from_flyte_config", "authenticatorFromFlyteConfig", source);
  };
  const configFile = fromConfig(`clientSecretLocation: ${file}`);
  const configName = fromConfig("clientSecretEnvVar: FLYTE_SECRET");
  const getConfig = `new m.DiscoveryClientConfigStore("${issuer}").getClientConfig()`;
  const discovery: Expression = ["discovery/discovery", `(await ${getConfig}).tokenEndpoint`];

  const net = `net=${hosts}`;
  const [platformHost, issuerHost] = hosts.split(",");
  const toSome = `env=${unless(/M2M_ENDPOINT|SCOPE|AUD|HEAD/)}`;
  const denied = `(--allow-env=${names.slice(2)}); M2M_ENDPOINT`;
  const unnamed = "names may not be read (--allow-env)";
  const rows: Record<string, [Expression, permissions: string, env: Record<string, string>, printed: string]> = {
    "the store: five names": [store, `env=${storeNames}`, client, tokenEndpoint],
    "the environment: ten names": [fromEnv, `${net} env=${names}`, bySecret, "Bearer"],
    "the environment: M2M_*": [fromEnv, `${net} env=M2M_*`, bySecret, "Bearer"],
    "no option's name": [fromSome, `${net} ${toSome}`, bySecret, "Bearer"],
    "all denied names at once": [fromEnv, `env=${names.slice(0, 2)}`, {}, denied],
    "a secret's file": [fromEnv, `${net} env=M2M_* read=${file}`, byFile, "Bearer"],
    "a denied file": [fromEnv, `${net} env=M2M_*`, byFile, "--allow-read for it. M2M_CLIENT_SECRET_FILE names"],
    "a named variable": [fromEnv, `${net} env=M2M_*,VAULT_SECRET`, byName, "Bearer"],
    "a denied variable, maybe a secret": [fromEnv, `${net} env=M2M_*`, misplaced, unnamed],
    "an API key: two hosts": [fromKey, net, {}, "Bearer"],
    "an API key: a denied host": [fromKey, "env=NONE", {}, `--allow-net=${platformHost}`],
    "Flyte's config: a file": [configFile, `${net} read=${file}`, {}, "Bearer"],
    "Flyte's config: a variable": [configName, `${net} env=FLYTE_SECRET`, flyteSecret, "Bearer"],
    "Flyte's config: a denied variable": [configName, net, flyteSecret, unnamed],
    "discovery: one host": [discovery, `net=${issuerHost}`, {}, tokenEndpoint],
    "discovery: a denied host": [discovery, "env=NONE", {}, `--allow-net=${issuerHost}.`],
  };
  for (const name of ["M2M_TOKEN_ENDPOINT", ...unless(/ENDPOINT$|CLIENT/)]) {
    const others = storeNames.filter((other) => other !== name);
    const printed = `${name} may not be read (--allow-env=${name})`;
    rows[`the store: all but ${name}`] = [store, `env=${others}`, client, printed];
  }
  for (const [what, [expression, permissions, env, expected]] of Object.entries(rows)) {
    await t.step(what, async () => {
      const printed = await run(expression, permissions, env);

      if (/^(Bearer|http)/.test(expected)) return assert(printed === `${expected}\n`, printed);
      assertStringIncludes(printed, expected);
      assert(printed.startsWith("permission_denied: "), printed);
    });
  }
});

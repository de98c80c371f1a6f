import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { closedPort } from "../servers/fault_server.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";
import { chooseSource, environment, ownFlags, root } from "../std/source.ts";
import { read } from "../structure/files.ts";
import { findCodeBlocks } from "./code_blocks.ts";
import { findPackages, writeModule } from "./package_blocks.ts";

const documents = ["README.md", "SKILL.md"];
const blocks = documents.flatMap((path) => findCodeBlocks(path, read(path))).filter(findPackages);
const lock = fileURLToPath(new URL("packages.lock", import.meta.url));
const source = await chooseSource();

/** Runs Deno in a folder, with this repository's compiler options. */
async function runDeno(subcommand: string, { path }: TemporaryFolder, args: readonly string[], env = {}) {
  const config = join(path, "deno.json");
  const { compilerOptions } = JSON.parse(read("deno.json"));
  await Deno.writeTextFile(config, JSON.stringify({ compilerOptions }));
  const flags = ownFlags(source, lock).map((flag) => flag === "--no-config" ? `--config=${config}` : flag);
  const options = { env: { ...environment(source), ...env }, timeout: 300_000 };
  return await runToEnd(Deno.execPath(), { ...options, args: [subcommand, "--quiet", ...flags, ...args] });
}

/** Writes a module; its name has a "#", as examples have that Deno finds. */
async function write({ path: folder }: TemporaryFolder, number: number, text: string): Promise<string> {
  const path = join(folder, `example#${number}.ts`);
  await Deno.writeTextFile(path, text);
  return path;
}

Deno.test("documents: examples with packages of others are type-checked with them", async () => {
  await using folder = await temporaryFolder("examples_");
  const paths = await Promise.all(blocks.map((block, number) => write(folder, number, writeModule(block))));
  const wrong = "const kafka: string = (await import('npm:kafkajs@2.2.4')).Kafka;";
  const planted = await write(folder, blocks.length, wrong);

  const { success, stderr } = await runDeno("check", folder, paths);
  assert(success, stderr);
  assertMatch((await runDeno("check", folder, [planted])).stderr, /TS2322/);
  assertEquals(new Set(blocks.map(({ place }) => place.split(":")[0])), new Set(documents));
});

/** In the place of the port that the exporter has by itself. */
const port = await closedPort();

/** What README's examples do, once they have this at their ends. */
const runs: Readonly<Record<string, { readonly more: readonly string[]; readonly prints: RegExp }>> = {
  openai: {
    more: ['console.log(await openai.get("/projects"));'],
    prints: /name: "Apollo"/,
  },
  vitest: { more: [], prints: /^passed: a token that the API rejects is replaced\n$/ },
  "@opentelemetry/exporter-prometheus": {
    more: [
      'await (await authenticator.fetch("/v1/projects")).body?.cancel();',
      `console.log(await (await fetch("http://localhost:${port}/metrics")).text());`,
      "await meterProvider.shutdown();",
    ],
    prints: /^m2m_token_remaining_lifetime\{[^}]*server_address="api\.example\.com"[^}]*\} [\d.]+$/m,
  },
};

for (const [name, { more, prints }] of Object.entries(runs)) {
  Deno.test(`README.md: its example with ${name} runs`, async () => {
    const block = blocks.find((block) => block.place.startsWith("README.md") && findPackages(block)!.includes(name))!;
    await using folder = await temporaryFolder("example_");
    const example = await write(
      folder,
      0,
      writeModule(block, more).replace("PrometheusExporter()", `PrometheusExporter({ port: ${port} })`),
    );
    const env = {
      M2M_ENDPOINT: "https://api.example.com",
      M2M_ISSUER: "https://auth.example.com",
      M2M_CLIENT_ID: "my-client",
      M2M_CLIENT_SECRET: "my-secret",
      M2M_AUDIENCE: "https://api.example.com",
      M2M_SCOPES: "api:read",
    };
    const args = ["--no-check", "--allow-all", `--preload=${root}/tests/docs/example_hosts.ts`, example];
    const { success, stdout, stderr } = await runDeno("run", folder, args, env);
    assert(success, stderr);
    assertMatch(stdout, prints);
  });
}

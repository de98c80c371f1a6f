/**
 * Makes `doctor.svg`, the picture of README: what the doctor says of a token for another audience. `deno task picture`.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startServers } from "../../examples/demo/servers.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { drawTerminal } from "./draw_terminal.ts";

/** Where the picture is. */
export const picture = new URL("doctor.svg", import.meta.url);

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** Runs the doctor against real servers, and draws its page. */
export async function drawDoctor(): Promise<string> {
  await using servers = await startServers({ clientId: "demo", clientSecret: "s3cret" });
  await using folder = await temporaryFolder("picture_");
  const { issuer } = servers.authorizationServer;
  await Deno.writeTextFile(
    join(folder.path, ".env"),
    `M2M_ISSUER=${issuer}\nM2M_CLIENT_ID=demo\nM2M_CLIENT_SECRET=s3cret\nM2M_SCOPES=api:read\nM2M_AUDIENCE=https://api.example.com\n`,
    { mode: 0o600 },
  );
  const args = ["doctor", `${servers.api.origin}/v1/projects`];
  const source = await chooseSource();
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", ...flags(source, "run"), main, ...args],
    cwd: folder.path,
    env: { ...environment(source), NO_COLOR: "", FORCE_COLOR: "1", COLUMNS: "80" },
  }).output();
  const [page, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (page === "") throw new Error(errors);
  return drawTerminal(`\x1b[2m$\x1b[22m m2m ${args.join(" ")}\n${page}`, `m2m ${args.join(" ")}`);
}

if (import.meta.main) await Deno.writeTextFile(picture, await drawDoctor());

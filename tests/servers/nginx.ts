/**
 * nginx: Debian's server, as a gateway before other servers.
 *
 * @module
 */

import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";

const executable = "nginx";

/** Finds it; resolves to its version. Rejects where it isn't installed. */
export async function findNginx(): Promise<string> {
  const { stderr } = await runToEnd(executable, { args: ["-v"] }).catch(() => {
    throw new Error(`${executable} isn't installed`);
  });
  return /nginx\/(\S+)/.exec(stderr)?.[1] ?? stderr;
}

/**
 * Starts it with these contents of the block `http`, and these files in its folder, by which relative paths resolve. Each
 * server of the block listens on a port that the caller has found. Disposing of it kills it.
 */
export async function startNginx(content: string, files: Readonly<Record<string, string>>): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder("nginx_"));
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${path}/${name}`, text);
  const bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((it) => `${it}_temp_path ${path}/${it};`);
  // One process, which can be killed without leaving workers behind.
  const own = `daemon off; master_process off; pid ${path}/pid; error_log stderr notice; events {}`;
  await Deno.writeTextFile(`${path}/nginx.conf`, `${own}\nhttp { access_log off; ${bodies.join(" ")}\n${content} }\n`);
  const args = ["-e", "stderr", "-p", path, "-c", `${path}/nginx.conf`];
  stack.use(await startProgram(executable, { args, ready: /getrlimit/ }));
  return stack.move();
}

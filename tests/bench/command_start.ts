/** How long `m2m token` takes with a cached token, as a whole process, beside an empty program. @module */

import { join } from "node:path";
import { denoProject, npmProject, offline, packPackage } from "../consumer/package.ts";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startLoopback } from "./loopback.ts";
import { quantile, timeInTurns } from "./statistics.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

/** The programs of a runtime: an empty one, and the command line, to which arguments are added. */
interface Programs {
  readonly runtime: string;
  readonly executable: string;
  readonly cwd: string;
  readonly empty: readonly string[];
  readonly command: readonly string[];
}

export async function measureCommandStart({ smoke }: Effort): Promise<Report> {
  await using stack = new AsyncDisposableStack();
  const loopback = stack.use(startLoopback({ delay: 0, lifetime: 3_600_000 }));
  const folder = stack.use(await temporaryFolder("command_start_"));
  const packed = stack.use(await packPackage());
  const installed = stack.use(await npmProject(packed, { "empty.js": "" }));
  const linked = stack.use(await denoProject(packed, { "empty.js": "" }));
  const inPackage = "node_modules/@m2m/authenticator/src/cli/main.js";
  const inFolder = { cwd: installed.path, empty: ["empty.js"], command: [inPackage] };
  const all: Programs[] = [
    { runtime: "Node 24", executable: await nodeExecutable("24.21.0"), ...inFolder },
    { runtime: "Bun", executable: await bunExecutable(), ...inFolder },
    {
      runtime: "Deno",
      executable: Deno.execPath(),
      cwd: linked.path,
      empty: ["run", "-A", "empty.js"],
      command: ["run", "-A", "jsr:@m2m/authenticator/cli"],
    },
  ];
  const rows: { runtime: string; empty: number; command: number }[] = [];
  for (const programs of all) {
    const env = {
      ...programs.runtime === "Deno" && offline,
      M2M_TOKEN_ENDPOINT: loopback.tokenEndpoint,
      M2M_CLIENT_ID: "my-client",
      M2M_CLIENT_SECRET: "my-secret",
      XDG_CACHE_HOME: join(folder.path, programs.runtime),
      DBUS_SESSION_BUS_ADDRESS: "",
    };
    const run = async (args: readonly string[]) => {
      const { success, stdout, stderr } = await runToEnd(programs.executable, { cwd: programs.cwd, env, args });
      if (!success) throw new Error(`${programs.runtime}: ${stderr}`);
      return stdout;
    };
    const runCommand = () => run([...programs.command, "token"]);
    // The first gets the token; the second reads what runtimes cache of a program.
    const token = await runCommand();
    const before = loopback.counts.tokenRequests;
    if (token === "" || await runCommand() !== token) throw new Error(`${programs.runtime}: the token wasn't cached.`);
    const timing = { batch: 1, rounds: smoke ? 1 : 25 };
    const [empty = [], command = []] = await timeInTurns([() => run(programs.empty), runCommand], timing);
    if (loopback.counts.tokenRequests > before) throw new Error(`${programs.runtime}: a token was requested.`);
    // What else the machine does only adds.
    const [fastEmpty, fastCommand] = [quantile(empty, 0.2), quantile(command, 0.2)];
    rows.push({ runtime: programs.runtime, empty: fastEmpty / 1_000, command: fastCommand / 1_000 });
  }
  return {
    title: "The start of a command",
    how: "`m2m token` with a cached token, as a whole process, in turns with an empty program; the fast runs of each.",
    columns: ["runtime", "empty program, ms", "m2m token, ms", "ratio"],
    rows: rows.map(({ runtime, empty, command }) => [runtime, show(empty), show(command), (command / empty).toFixed(2)]),
    budgets: rows.map(({ runtime, empty, command }) =>
      atMost(`m2m token with a cached token over an empty program, ${runtime}`, command / empty, 1.3, "times")
    ),
  };
}

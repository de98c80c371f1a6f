import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bunExecutable } from "../runtimes/bun.ts";
import { bundle } from "../runtimes/bundle.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startFaultServer } from "../servers/fault_server.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { checkTmux, openTmux, type TerminalSession } from "./tmux.ts";

/** Longer than the 4,095 characters of a terminal's own line. */
const secret = `pl4nted-s3cret-${"x".repeat(5_000)}`;
const program = new URL("program.ts", import.meta.url);
const source = await chooseSource();

/** Writes a command line's beginning, up to the program's arguments. */
const deno = () => [Deno.execPath(), "run", "--quiet", ...flags(source, "run"), "-A", fileURLToPath(program)];
const bundled = async (executable: string, folder: string) => {
  const file = join(folder, "program.mjs");
  await Deno.writeTextFile(file, await bundle(program, "esm", "deno"));
  return [executable, file];
};
const runtimes: Readonly<Record<string, () => Promise<(folder: string) => string[] | Promise<string[]>>>> = {
  "Deno": () => Promise.resolve(deno),
  "Node 24": async () => bundled.bind(undefined, await nodeExecutable("24.21.0")),
  "Bun": async () => bundled.bind(undefined, await bunExecutable()),
};

/** A shell that knows `m2m`, in a folder of its own. */
async function openShell(write: (folder: string) => string[] | Promise<string[]>) {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder("terminal_"));
  const words = (await write(path)).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  await Deno.mkdir(join(path, "bin"));
  const script = `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`;
  await Deno.writeTextFile(join(path, "bin/m2m"), script, { mode: 0o700 });
  const env = {
    ...environment(source),
    PATH: `${path}/bin:${Deno.env.get("PATH")}`,
    XDG_CACHE_HOME: join(path, "cache"),
  };
  // Deno's own cache stays where it is.
  const cache = Deno.env.get("DENO_DIR") ??
    join(Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`, "deno");
  const terminal = stack.use(await openTmux(path, { ...env, DENO_DIR: cache, DBUS_SESSION_BUS_ADDRESS: "" }));
  const moved = stack.move();
  return { path, terminal, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** That the terminal is as it was: cursor, echo, lines, signals. */
async function checkRestored(terminal: TerminalSession): Promise<void> {
  assert(await terminal.hasCursor());
  await terminal.start("stty -a");
  assertMatch(await terminal.waitFor(/echo[^]*\$$/), /(?<!-)isig (?<!-)icanon [^]*(?<!-)echo /);
}

for (const [runtime, obtain] of Object.entries(runtimes)) {
  const test = await testsOn(`${runtime} in tmux`, async () => {
    await checkTmux();
    return await obtain();
  });

  test(`terminal: m2m asks for a secret that isn't shown, and ends at Ctrl-C, on ${runtime}`, async (write) => {
    await using server = await startAuthorizationServer({ clients: [{ client_id: "me", client_secret: secret }] });
    await using shell = await openShell(write);
    const { terminal } = shell;
    const line = `m2m token --token-endpoint ${server.tokenEndpoint} --client-id me; echo "code $?"`;

    await terminal.start(line);
    await terminal.waitFor(/not shown/);
    await terminal.type("wrong");
    // All of it, one letter, an arrow.
    await terminal.press("C-u", "a", "BSpace", "Left");
    await terminal.paste(secret);
    await terminal.press("Enter");
    const screen = await terminal.waitFor(/code \d/);
    assertMatch(screen, /\n[\w.\n-]{40,}\ncode 0/);
    assertFalse(/pl4nted|xxxx|wrong/.test(screen), screen);

    for (const key of ["C-c", "C-d"]) {
      await terminal.start(line.replace("m2m token", "m2m token --no-cache"));
      await terminal.waitFor(/not shown/);
      if (key === "C-c") await terminal.type("half a secret");
      await terminal.press(key);
      const screen = await terminal.waitFor(/code \d+\n\$$/);
      // No half line: the shell's next one begins at its margin.
      assertMatch(screen, key === "C-c" ? /^[^\n]*not shown\): ?\ncode 130\n\$$/ : /\nm2m: [^]*\ncode 2\n\$$/);
      await checkRestored(terminal);
    }
    assertEquals(server.tokenRequests.length, 1);
  });

  test(`terminal: m2m says what takes long, erases it, and ends at Ctrl-C, on ${runtime}`, async (write) => {
    await using server = await startFaultServer({ steps: ["stall"] });
    await using shell = await openShell(write);
    const { path, terminal } = shell;
    await Deno.writeTextFile(join(path, "secret"), secret, { mode: 0o600 });
    const line = `m2m token --token-endpoint ${server.origin}/token --client-id me --client-secret-file secret`;

    await terminal.start(`${line}; echo "code $?"`);
    await terminal.waitFor(/^Requesting a token from 127\.0\.0\.1:\d+…$/m);
    assertFalse(await terminal.hasCursor());
    await terminal.press("C-c");
    assertFalse((await terminal.waitFor(/code 130/)).includes("Requesting"));
    await checkRestored(terminal);

    // Silent in a pipe.
    await terminal.start(`${line} --timeout 1 2>&1 | cat; echo "code \${PIPESTATUS[0]}"`);
    assertMatch(await terminal.waitFor(/code \d/), /^m2m: [^]*\ncode 3/);
  });

  test(`terminal: m2m ends quietly where nothing reads its output, on ${runtime}`, async (write) => {
    await using shell = await openShell(write);
    await shell.terminal.start(`m2m help | true; echo "code \${PIPESTATUS[0]}"`);
    assertMatch(await shell.terminal.waitFor(/code \d/), /^code 0/);
    await shell.terminal.start(`m2m completions bash | head -n 1; echo "code \${PIPESTATUS[0]}"`);
    await shell.terminal.waitFor(/^# Completions of m2m for bash\.\ncode 0/);
  });
}

const completions: readonly (readonly [typed: string, completed: RegExp])[] = [
  ["m2m tok", /^\$ m2m token$/],
  ["m2m tes", /^\$ m2m test-server$/],
  ["m2m help ex", /^\$ m2m help exec$/],
  ["m2m completions f", /^\$ m2m completions fish$/],
  ["m2m token --client-au", /^\$ m2m token --client-auth$/],
  ["m2m token --client-auth private", /^\$ m2m token --client-auth private-key-jwt$/],
  ["m2m token --client-auth=private", /^\$ m2m token --client-auth=private-key-jwt$/],
  ["m2m token --key-file a", /^\$ m2m token --key-file a\\ key\.pem$/],
  ["m2m exec -- ./a", /^\$ m2m exec -- \.\/a\\ key\.pem$/],
];

const testOnBash = await testsOn("bash in tmux", checkTmux);
testOnBash("terminal: bash completes commands, options, their values and files", async () => {
  await using shell = await openShell(deno);
  const { path, terminal } = shell;
  await Deno.writeTextFile(join(path, "a key.pem"), "", { mode: 0o700 });
  await terminal.start(`eval "$(m2m completions bash)"; echo loaded`);
  await terminal.waitFor(/loaded/);
  for (const [typed, completed] of completions) {
    await terminal.start("");
    await terminal.waitFor(/^\$$/);
    await terminal.type(typed);
    await terminal.press("Tab");
    await terminal.waitFor(completed);
    await terminal.press("C-c");
  }
  await terminal.start("");
  await terminal.waitFor(/^\$$/);
  await terminal.type("m2m fetch -");
  await terminal.press("Tab", "Tab");
  assertStringIncludes(await terminal.waitFor(/--method/), "--scope");
});

import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { chooseSource, environment, flags } from "../std/source.ts";

/** Reads a token from the cache, or stores one; prints which. */
const program = fileURLToPath(new URL("token_cache_program.ts", import.meta.url));
const source = await chooseSource();
const isWindows = Deno.build.os === "windows";

interface Opened {
  readonly before?: string;
  readonly after?: string;
  readonly note?: string;
}

async function open(
  home: string,
  env: Readonly<Record<string, string>> = {},
  [executable, ...first]: readonly string[] = [Deno.execPath()],
): Promise<Opened> {
  const args = [...first, "run", "--quiet", "--no-check", ...flags(source, "run"), "-A", program];
  const { success, stdout, stderr } = await runToEnd(executable!, {
    args,
    env: { ...environment(source), XDG_CACHE_HOME: home, DENO_DIR: denoCache, DBUS_SESSION_BUS_ADDRESS: "", ...env },
  });
  assert(success, stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

/** Deno's own cache stays where it is. */
const denoCache = Deno.env.get("DENO_DIR") ??
  join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "", ".cache"), "deno");

const ignore = isWindows || Deno.build.os === "darwin";

Deno.test({ name: "cache: a key in a private file, of which one note is made", ignore }, async () => {
  await using home = await temporaryFolder("cache_");
  const { note, ...first } = await open(home.path);
  assertEquals(first, { after: "planted-token" });
  assertMatch(note ?? "", /^Cached tokens are sealed by a key in a private file, in .*m2m: this system has no keyring/);
  assertEquals(await open(home.path), { before: "planted-token", after: "planted-token" });
  for await (const { name } of Deno.readDir(join(home.path, "m2m"))) {
    const path = join(home.path, "m2m", name);
    assertEquals(((await Deno.lstat(path)).mode! & 0o777).toString(8), "600");
    assertFalse((await Deno.readTextFile(path)).includes("planted-token"));
  }
});

Deno.test({ name: "cache: of eight first processes all get the same key", ignore }, async () => {
  await using home = await temporaryFolder("cache_");
  const opened = await Promise.all(Array.from({ length: 8 }, () => open(home.path)));
  assertEquals(opened.map(({ after }) => after), Array(8).fill("planted-token"));
  assertEquals((await open(home.path)).before, "planted-token");
});

/** What makes a cache of no use, and the note. */
const faults: Record<string, (folder: string) => Promise<unknown>> = {
  "other users can read or write it": (folder) => Deno.chmod(folder, 0o755),
  "it is no folder": async (folder) => {
    await Deno.remove(folder, { recursive: true });
    await Deno.writeTextFile(folder, "", { mode: 0o600 });
  },
  "the file is damaged": (folder) => writeAll(folder, () => "half a st"),
  "A key must be an AES-256 key": (folder) =>
    writeAll(folder, (text) => text.replace(/"state":"[^"]+"/, '"state":"short"')),
};

async function writeAll(folder: string, change: (text: string) => string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    await Deno.writeTextFile(path, change(await Deno.readTextFile(path)));
  }
}

for (const [fault, make] of Object.entries(faults)) {
  Deno.test({ name: `cache: none, with a note: ${fault}`, ignore }, async () => {
    await using home = await temporaryFolder("cache_");
    await open(home.path);
    await make(join(home.path, "m2m"));
    const { note, ...tokens } = await open(home.path);
    assertEquals(tokens, {});
    assertMatch(note ?? "", new RegExp(`^Tokens aren't cached\\. .*${fault}`));
  });
}

const testOnKeyring = await testsOn("Secret Service", async () => {
  for (const name of ["dbus-run-session", "gnome-keyring-daemon", "secret-tool"]) {
    await runToEnd("which", { args: [name] }).then(({ success }) => assert(success, `${name} isn't installed`));
  }
});

testOnKeyring("cache: a key in the keyring of a Linux desktop, and none beside the tokens", async () => {
  await using home = await temporaryFolder("cache_");
  const unlocked = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; sleep 0.3; ";
  const session = ["-c", `exec dbus-run-session -- sh -c '${unlocked}for i in 1 2; do "$@"; done' sh "$@"`, "sh"];
  // The session's own bus, in place of none.
  const command = ["sh", ...session, "env", "-u", "NO_COLOR", Deno.execPath()];
  assertEquals(await open(home.path, { HOME: home.path, XDG_DATA_HOME: home.path }, command), {
    before: "planted-token",
    after: "planted-token",
  });
  assertEquals((await Array.fromAsync(Deno.readDir(join(home.path, "m2m")))).length, 1);
});

/** Each as `secret-tool`: what it does, and why the key isn't in the keyring then. */
const programs: readonly (readonly [script: string, reason: RegExp])[] = [
  ['echo "$@" >> "$0.args"; exit 1', /the keyring can't be used \(secret-tool\)/],
  ["exit 0", /secret-tool keeps nothing/],
  ["exec sleep 20", /the keyring can't be used/],
];
for (const [script, reason] of programs) {
  Deno.test({ name: `cache: a private file where secret-tool is: ${script}`, ignore }, async () => {
    await using home = await temporaryFolder("cache_");
    await Deno.writeTextFile(join(home.path, "secret-tool"), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    const env = { PATH: `${home.path}:${Deno.env.get("PATH")}`, DBUS_SESSION_BUS_ADDRESS: "unix:path=/dev/null" };
    const { note, after } = await open(home.path, env);
    assertEquals(after, "planted-token");
    assertMatch(note ?? "", reason);
    const seen = await Deno.readTextFile(join(home.path, "secret-tool.args")).catch(() => "lookup store");
    assertMatch(seen, /lookup[^]*store/);
    // The key isn't among the arguments, which others see.
    assertFalse(/[\w+/]{43}=/.test(seen), seen);
  });
}

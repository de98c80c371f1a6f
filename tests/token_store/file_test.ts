import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AuthenticationError } from "@m2m/authenticator";
import { fileTokenStore } from "@m2m/authenticator/token-store/file";
import { testOnPrograms } from "../runtimes/every_runtime.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { denoOutput } from "../structure/deno_output.ts";
import { Fleet } from "./fleet.ts";
import { checkExclusion, checkKilled, withProcesses } from "./processes.ts";
import { runCases } from "./run_cases.ts";

const options = { lifetime: 60_000, signal: new AbortController().signal };

Deno.test("files: pass all cases on Deno; of eight processes one gets a lease, and a killed one leaves no harm", () =>
  withProcesses("file", async (processes, path) => {
    const store = fileTokenStore(path);
    await runCases(store, { shortestLifetime: 1_500 });
    await checkExclusion(processes, Deno.execPath(), store);
    await checkKilled(processes, Deno.execPath(), store);
  }));

await testOnPrograms(
  "files: pass all cases; of eight processes one gets a lease",
  (executable) =>
    withProcesses("file", async (processes, path) => {
      await processes.run(executable, "cases", 1);
      await checkExclusion(processes, executable, fileTokenStore(path));
      await checkKilled(processes, executable, fileTokenStore(path));
    }),
);

Deno.test("files: a cold fleet of eight makes one token request", () =>
  withProcesses("file", async (_, path) => {
    const fleet = new Fleet();
    const sharing = { timeout: 5_000 };
    for (let count = 0; count < 8; count++) fleet.add(1, { store: fileTokenStore(pathToFileURL(path)), sharing });
    assertEquals([await fleet.call(), fleet.requests], [Array(8).fill("token-1"), 1]);
  }));

/** Lists the files of a folder. */
async function list(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path), ({ name }) => join(path, name))).sort();
}

/** The mode's bits of access. */
async function readMode(path: string): Promise<string> {
  return ((await Deno.stat(path)).mode! & 0o777).toString(8);
}

Deno.test("files: they and their folder are private, and hold one state each", () =>
  withProcesses("file", async (_, path) => {
    const store = fileTokenStore(`${path}/new//`);
    assertEquals(await store.get("key", options), undefined);
    for (const value of ["one", "two"]) await store.set("key", value, options);
    const [file, ...others] = await list(`${path}/new`);
    assertEquals(others, []);
    if (!isWindows) {
      assertEquals(await Promise.all([path, `${path}/new`, file!].map(readMode)), ["700", "700", "600"]);
    }
    // As after a power cut: a miss, and no hindrance.
    await Deno.truncate(file!, 60);
    assertEquals(await store.get("key", options), undefined);
    await store.set("key", "three", options);
    assertEquals((await store.get("key", options))?.value, "three");
  }));

Deno.test("files: a process that was paused before its change makes none, and one paused after it knows", () =>
  withProcesses("file", async (_, path) => {
    const store = fileTokenStore(path);
    const meanwhile = [
      () => store.lease!.release("key", "a", options),
      () => store.lease!.acquire("key", "b", options),
      () => store.set("key", "of b", { ...options, owner: "b" }),
    ];
    const { link } = Deno;
    /** Writes for an owner; the others' changes come before its own, or after it. */
    const write = async (order: "before" | "after") => {
      await store.lease!.acquire("key", "a", options);
      const linkLate: typeof link = async (...paths) => {
        Object.assign(Deno, { link });
        if (order === "after") await link(...paths);
        for (const change of meanwhile) await change();
        if (order === "before") await link(...paths);
      };
      Object.assign(Deno, { link: linkLate });
      return await store.set("key", "of a", { ...options, owner: "a" });
    };
    assertEquals([await write("before"), await write("after")], [false, true]);
    assertEquals((await store.get("key", options))?.value, "of b");
    assertEquals((await list(path)).length, 1);
  }));

/** Makes a symbolic link in place of a file or folder, which is moved. */
async function replaceByLink(path: string): Promise<void> {
  await Deno.rename(path, `${path}-moved`);
  // Deno's own wants to write anywhere.
  await runToEnd("ln", { args: ["-s", `${path}-moved`, path] });
}

const isWindows = Deno.build.os === "windows";
const isSuperuser = !isWindows && (await runToEnd("id", { args: ["-u"] })).stdout.trim() === "0";

/** What makes a folder or a file unfit, by a word of the error. */
const faults: Record<string, (folder: string, file: string) => Promise<unknown>> = {
  "the folder .*/store: other users can .* chmod 700": (folder) => Deno.chmod(folder, 0o750),
  "the folder .* write it": (folder) => Deno.chmod(folder, 0o702),
  "a file in .* chmod 600": (_, file) => Deno.chmod(file, 0o640),
  "the folder .* symbolic link": replaceByLink,
  "a file in .* symbolic link": (_, file) => replaceByLink(file),
  "the folder .* no folder": async (folder) => {
    await Deno.remove(folder, { recursive: true });
    await Deno.writeTextFile(folder, "", { mode: 0o600 });
  },
  // None but the superuser can give files to others.
  ...isSuperuser && {
    "the folder .* another user": (folder) => Deno.chown(folder, 65_534, null),
    "a file in .* another user": (_, file) => Deno.chown(file, 65_534, null),
  },
};
for (const [fault, make] of Object.entries(isWindows ? {} : faults)) {
  Deno.test(`files: refused: ${fault}`, () =>
    withProcesses("file", async (_, path) => {
      const store = fileTokenStore(path);
      await store.set("key", "value", options);
      await make(path, (await list(path))[0]!);
      const error = await assertRejects(() => store.get("key", options), AuthenticationError);
      assertMatch(error.message, new RegExp(`^Cannot keep tokens in ${fault}`));
      assertEquals(error.code, "invalid_config");
      await assertRejects(() => store.set("key", "value", options), AuthenticationError);
      // An owner is known only by writing.
      if (/^the folder .*[^r]$/.test(fault)) assertThrows(() => fileTokenStore(path), AuthenticationError);
    }));
}

Deno.test("files: a clock that was set back ends what it can't date", () =>
  withProcesses("file", async (_, path) => {
    const store = fileTokenStore(path);
    const { now } = Date;
    try {
      Date.now = () => now() + 3_600_000;
      await store.set("key", "value", options);
      await store.lease!.acquire("key", "a", options);
    } finally {
      Date.now = now;
    }
    assertEquals(await store.get("key", options), undefined);
    assert(await store.lease!.acquire("key", "b", options));
    assert(!await store.lease!.extend("key", "a", options));
  }));

Deno.test("files: those of no more use are removed when one is written, and no others", () =>
  withProcesses("file", async (_, path) => {
    const store = fileTokenStore(path);
    const write = async (key: string, lifetime = options.lifetime) => {
      await store.set(key, "value", { ...options, lifetime });
      return (await list(path)).find((file) => file.includes(encodeHex(key)))!;
    };
    const [old, replaced] = [await write("old"), await write("replaced")];
    await write("lives");
    await write("ended", 1);
    // Its process ended before it removed what it had replaced.
    const last = replaced.replace(/\d+$/, "2");
    const [note, half] = [`${path}/note.1`, old.replace(/\d+$/, crypto.randomUUID())];
    for (const file of [last, note, half]) await Deno.writeTextFile(file, "{}", { mode: 0o600 });
    for (const file of [old, last, note, half]) await Deno.utime(file, 1, 1);
    await write("new");
    const left = new Set(await list(path));
    assertEquals([old, half, replaced, last, note].map((file) => left.has(file)), [false, false, false, true, true]);
    assertEquals(left.size, 5);
    await write("new");
    assertEquals((await list(path)).includes(last), false);
  }));

function encodeHex(key: string): string {
  return Array.from(key, (letter) => letter.charCodeAt(0).toString(16)).join("");
}

Deno.test("fileTokenStore: names the permission that Deno lacks, and refuses what is no path", async () => {
  const code = `import { fileTokenStore } from "${import.meta.resolve("../../src/token_store/file.ts")}";
    try { fileTokenStore("/tmp/tokens") } catch (error) { console.log(error.code, error.message) }`;
  const { stdout } = await denoOutput("run", "--no-prompt", `data:text/typescript,${encodeURIComponent(code)}`);
  assertMatch(stdout, /^permission_denied .*--allow-read and --allow-write/);
  for (const folder of ["", undefined, new URL("https://example.com")]) {
    assertThrows(() => fileTokenStore(folder as never), TypeError, "folder must be");
  }
});

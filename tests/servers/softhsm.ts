/**
 * A PKCS#11 token: Debian's SoftHSM, by OpenSC's `pkcs11-tool`. Its keys can't be read.
 *
 * @module
 */

import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";

const library = "/usr/lib/softhsm/libsofthsm2.so";
const [pin, adminPin] = ["4711", "4712"];

/** Finds it. Rejects where it isn't installed. */
export async function findSoftHsm(): Promise<string> {
  for (const [program, flag, name] of [["softhsm2-util", "--version", "softhsm2"], ["pkcs11-tool", "-h", "opensc"]]) {
    await runToEnd(program!, { args: [flag!] }).catch(() => {
      throw new Error(`${name} isn't installed`);
    });
  }
  return library;
}

/** A token with keys of its own. Disposing of it removes it. */
export type SoftHsm = Awaited<ReturnType<typeof startSoftHsm>>;

/** Makes a token. */
export async function startSoftHsm() {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder("softhsm_"));
  await Deno.mkdir(`${path}/tokens`);
  await Deno.writeTextFile(`${path}/softhsm2.conf`, `directories.tokendir = ${path}/tokens\n`);
  const run = async (program: string, ...args: string[]) => {
    const { success, stderr } = await runToEnd(program, { args, env: { SOFTHSM2_CONF: `${path}/softhsm2.conf` } });
    if (!success) throw new Error(stderr.trim());
  };
  const tool = (...args: string[]) => run("pkcs11-tool", "--module", library, "--login", "--pin", pin, ...args);
  await run("softhsm2-util", "--init-token", "--free", "--label", "m2m", "--pin", pin, "--so-pin", adminPin);
  let files = 0;
  const started = stack.move();
  return {
    pin,
    /** Makes a key pair; resolves to the public key's SubjectPublicKeyInfo. */
    async makeKey(type: "EC:prime256v1" | "rsa:2048", id: string): Promise<Uint8Array<ArrayBuffer>> {
      await tool("--keypairgen", "--key-type", type, "--id", id, "--label", `key-${id}`);
      await tool("--read-object", "--type", "pubkey", "--id", id, "--output-file", `${path}/${id}.der`);
      return await Deno.readFile(`${path}/${id}.der`);
    },
    /** Signs data by a mechanism of the token. */
    async sign(id: string, data: Uint8Array, mechanism: string, ...args: string[]): Promise<Uint8Array<ArrayBuffer>> {
      const file = `${path}/${++files}`;
      await Deno.writeFile(file, data);
      await tool("--sign", "--id", id, "-m", mechanism, "-i", file, "-o", `${file}.sig`, ...args);
      return await Deno.readFile(`${file}.sig`);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

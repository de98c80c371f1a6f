/**
 * A terminal with a shell, by tmux.
 *
 * @module
 */

import { assert } from "@std/assert";
import { runToEnd } from "../runtimes/run_to_end.ts";

/** A shell in a terminal of 80 by 40. Disposing of it ends the shell and what runs in it. */
export interface TerminalSession extends AsyncDisposable {
  /** Types text as it is. */
  type(text: string): Promise<void>;
  /** Presses keys by tmux's names: `Enter`, `C-c`, `Tab`. */
  press(...keys: string[]): Promise<void>;
  /** Pastes as a terminal does. */
  paste(text: string): Promise<void>;
  /** Clears the screen, and runs a command line; does not wait for its end. */
  start(line: string): Promise<void>;
  /** Waits until the screen matches; resolves to all of it, without empty lines. */
  waitFor(pattern: RegExp): Promise<string>;
  /** Whether the cursor is shown. */
  hasCursor(): Promise<boolean>;
}

/** How long something may take to appear, in milliseconds. */
const patience = 10_000;
let sessions = 0;

/** Throws where there is no tmux. */
export async function checkTmux(): Promise<void> {
  await runToEnd("tmux", { args: ["-V"] });
}

/** Opens a terminal with bash, which has these variables. */
export async function openTmux(cwd: string, env: Readonly<Record<string, string>>): Promise<TerminalSession> {
  const socket = `m2m-${Deno.pid}-${++sessions}`;
  const tmux = async (...args: string[]) => {
    const { success, stdout, stderr } = await runToEnd("tmux", { args: ["-L", socket, "-f", "/dev/null", ...args] });
    assert(success, stderr);
    return stdout;
  };
  // Without a shell of tmux's own, which reads the system's profile.
  const variables = Object.entries({ PS1: "$ ", ...env }).map(([name, value]) => `${name}=${value}`);
  const shell = ["env", ...variables, "bash", "--norc", "--noprofile"];
  await tmux("new-session", "-d", "-x", "80", "-y", "40", "-c", cwd, ...shell);
  const read = async () => (await tmux("capture-pane", "-p")).replace(/\n+/g, "\n").trim();
  const session: TerminalSession = {
    type: async (text) => void await tmux("send-keys", "-l", "--", text),
    press: async (...keys) => void await tmux("send-keys", ...keys),
    async paste(text) {
      await tmux("set-buffer", "--", text);
      await tmux("paste-buffer", "-p");
    },
    async start(line) {
      // At once: a wait mustn't find what the command before has left. Then the line itself isn't on the screen.
      await tmux("send-keys", "-R");
      await tmux("send-keys", "-l", "--", `clear; ${line}`);
      await tmux("send-keys", "Enter");
    },
    async waitFor(pattern) {
      const end = Date.now() + patience;
      while (true) {
        const screen = await read();
        if (pattern.test(screen)) return screen;
        assert(Date.now() < end, `${pattern} isn't on the screen:\n${screen}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    hasCursor: async () => (await tmux("display-message", "-p", "#{cursor_flag}")).trim() === "1",
    [Symbol.asyncDispose]: async () => void await tmux("kill-server"),
  };
  try {
    await session.waitFor(/\$$/);
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * A line that says what takes so long.
 *
 * @module
 */

import { createStyle } from "../../doctor/style.ts";
import { restoreAtSignal } from "./interrupts.ts";
import type { Terminal } from "./terminal.ts";

/** What is done sooner is not announced, in milliseconds. */
const delay = 500;
const [hideCursor, showCursor, eraseLine] = ["\x1b[?25l", "\x1b[?25h", "\r\x1b[2K"];

/** A line on standard error; disposing of it erases it. */
export interface Progress extends Disposable {
  /** Says something else from now on. */
  update(text: string): void;
}

/** Says what goes on, once it has taken half a second: on standard error, and only if that is a terminal. */
export function showProgress(terminal: Terminal, text: string): Progress {
  if (!terminal.isErrorTerminal) return { update() {}, [Symbol.dispose]() {} };
  let current = text;
  let atSignal: Disposable | undefined;
  const style = createStyle(terminal.hasColor("error"));
  const write = () => {
    // One line, and not its last column, where some terminals break.
    const line = `${current}…`.slice(0, terminal.columns - 1);
    terminal.writeError(`${eraseLine}${style.dim(line)}`);
  };
  const erase = () => terminal.writeError(eraseLine + showCursor);
  const timer = setTimeout(() => {
    atSignal = restoreAtSignal(erase);
    terminal.writeError(hideCursor);
    write();
  }, delay);
  return {
    update(text) {
      current = text;
      if (atSignal) write();
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      if (atSignal) erase();
      atSignal?.[Symbol.dispose]();
      atSignal = undefined;
    },
  };
}

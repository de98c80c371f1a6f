/**
 * The exit codes.
 *
 * @module
 */

/** What each exit code says. `exec` exits as its program does. */
export const exitCodes = {
  /** All is fine. */
  fine: 0,
  /** The server, or the API (a status of 400 or more), refused; the doctor found a fault. */
  refused: 1,
  /** The command line or the settings can't be used. */
  usage: 2,
  /** A server can't be reached, or fails for the time being. */
  network: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

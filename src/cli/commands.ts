/**
 * The commands, as data. Each is loaded when it runs, so that none waits for another's modules.
 *
 * @module
 */

import type { Invocation } from "./invocation.ts";
import type { CommandName } from "./options/options.ts";

/** Runs a command; resolves to the exit code. */
export type RunCommand = (invocation: Invocation) => Promise<number>;

/** An example of the help: a command line, and what it is for. */
export interface CommandExample {
  readonly line: string;
  readonly about: string;
}

/** One command. */
export interface Command {
  readonly name: CommandName;
  /** One line of help. */
  readonly summary: string;
  /** What stands behind `m2m`. */
  readonly usage: string;
  /** What else is worth knowing, as sentences. */
  readonly details?: string;
  readonly examples: readonly CommandExample[];
  /** Loads what runs it. */
  load(): Promise<RunCommand>;
}

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
  {
    name: "token",
    summary: "Prints an access token, and nothing else",
    usage: "token [options]",
    details:
      "Between runs the token is kept in a cache that only this user can read, until shortly before it expires. On a " +
      "terminal a line break follows; in a pipe, stdout is the token's bytes. On failure, stdout stays empty.",
    examples: [
      {
        line: "m2m token --issuer https://auth.example.com --client-id my-client",
        about: "asks for the secret at the terminal",
      },
      { line: "m2m token --client-secret-file /run/secrets/client --scope api:read", about: "with a secret in a file" },
      { line: 'curl -H "$(m2m token --header)" https://api.example.com/v1', about: "for another program" },
    ],
    load: async () => (await import("./commands/token.ts")).runToken,
  },
  {
    name: "fetch",
    summary: "Calls an API with the token, as curl does",
    usage: "fetch [options] URL",
    details:
      "A relative URL resolves against --endpoint; an absolute one is the endpoint, where none is set. A rejected token " +
      "is refreshed and the call replayed, unless its body comes from stdin. The body of a status of 400 or more is printed " +
      "as well, and the exit code is 1.",
    examples: [
      { line: "m2m fetch https://api.example.com/v1/projects", about: "GET" },
      {
        line: 'm2m fetch /v1/projects -d \'{"name":"new"}\'',
        about: "POST, with the content type of what it looks like",
      },
      { line: "tar c src | m2m fetch -X PUT -d @- /v1/archive", about: "a stream from stdin" },
    ],
    load: async () => (await import("./commands/fetch.ts")).runFetch,
  },
  {
    name: "exec",
    summary: "Runs a program that gets the token",
    usage: "exec [options] -- COMMAND [ARGUMENT…]",
    details:
      "The token stands in a variable, as it is when the program starts. For programs that run longer than a token lives, " +
      "--token-file names a file with a live one. Signals are passed on, variables with the " +
      "client's secret aren't, and the program's exit code is this one's.",
    examples: [
      { line: "m2m exec -- ./import.sh", about: "with $M2M_ACCESS_TOKEN" },
      { line: "m2m exec --variable GH_TOKEN -- gh repo list", about: "in another variable" },
      { line: "m2m exec --token-file /run/user/1000/token -- ./server", about: "in a file that stays fresh" },
    ],
    load: async () => (await import("./commands/exec.ts")).runExec,
  },
  {
    name: "inspect",
    summary: "Shows what a token says: claims, lifetime, scopes, size",
    usage: "inspect [options] [-]",
    details:
      "Of the token on stdin (-, or a pipe), in --token-file, or else of the settings' own. The token itself isn't shown, " +
      "and its signature isn't verified.",
    examples: [
      { line: "m2m inspect", about: "the token that the settings give" },
      { line: "pbpaste | m2m inspect -", about: "another one" },
    ],
    load: async () => (await import("./commands/inspect.ts")).runInspect,
  },
  {
    name: "doctor",
    summary: "Finds out why a token isn't issued, or isn't accepted",
    usage: "doctor [options] [URL]",
    details:
      "Looks at names, proxy, TLS, metadata, client authentication, the token and the API's answer, one after the other, and " +
      "says what to change. Sends at most 6 token requests with credentials. Its page holds no secret: paste it into a ticket.",
    examples: [
      { line: "m2m doctor", about: "with the settings of this folder" },
      { line: "m2m doctor /v1/projects", about: "and a call of this path" },
      { line: "m2m doctor --json > diagnosis.json", about: "for programs" },
    ],
    load: async () => (await import("./commands/doctor.ts")).runDoctor,
  },
  {
    name: "test-server",
    summary: "Serves an authorization server and an API on this machine, for tests",
    usage: "test-server [options]",
    details:
      "For clients in any language. Prints what a client needs, as variables or as JSON, and then on stderr a line for each " +
      "request, until Ctrl-C. It knows one client, grants any scope and audience, publishes its metadata, and takes DPoP " +
      "proofs, revocations and introspections. The API is every other path, and says what the token was issued for.",
    examples: [
      { line: "m2m test-server --port 8400 > .env", about: "with variables for m2m and authenticatorFromEnv" },
      { line: "m2m test-server --json --lifetime 30", about: "for another program, with tokens that expire soon" },
    ],
    load: async () => (await import("./commands/test_server.ts")).runTestServer,
  },
  {
    name: "completions",
    summary: "Prints a script that completes command lines",
    usage: "completions bash|zsh|fish|powershell",
    examples: [
      { line: 'eval "$(m2m completions bash)"', about: "in ~/.bashrc" },
      { line: "m2m completions fish > ~/.config/fish/completions/m2m.fish", about: "for fish" },
    ],
    load: async () => (await import("./commands/completions.ts")).runCompletions,
  },
  {
    name: "help",
    summary: "Shows help, for a command too",
    usage: "help [COMMAND]",
    examples: [{ line: "m2m help fetch", about: "the options of fetch" }],
    load: async () => (await import("./commands/help.ts")).runHelp,
  },
];

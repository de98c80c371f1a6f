/** The table of methods in `tests/README.md`: which was tried on which runtime in this test run. @module */

import type { Runtime } from "./every_runtime.ts";

/** The tests that try methods. */
export type Trial = "methods" | "assertions" | "tls" | "dpop" | "grants";

/** A row of the table. */
interface Row {
  readonly what: string;
  /** The export that has it; `.` is the package itself. */
  readonly path: string;
  readonly trial: Trial;
  /** Marks of its footnotes. */
  readonly notes?: string;
  /** Whether the server is expected to refuse it. */
  readonly isRefused?: boolean;
}

function row(what: string, path = ".", rest: Partial<Row> = {}): Row {
  return { what, path, trial: "methods", ...rest };
}

/** The rows, in the order of the table. */
export const rows: readonly Row[] = [
  row("`client_secret_basic`, a secret of any characters"),
  row('`client_secret_basic`, `basicEncoding: "raw"`', ".", { notes: "¹" }),
  row("`client_secret_post`"),
  row("`none`", ".", { notes: "²" }),
  row("`client_secret_jwt`", "./client-auth/client-secret-jwt"),
  row("`private_key_jwt`", "./client-auth/private-key-jwt"),
  row("a ready assertion", "./client-auth/client-assertion"),
  row("these three, by every algorithm and key format", "./client-auth/…", { trial: "assertions", notes: "³" }),
  row("`tls_client_auth`", "./client-auth/tls", { trial: "tls", notes: "⁴" }),
  row("`self_signed_tls_client_auth`", "./client-auth/tls", { trial: "tls", notes: "⁴" }),
  row("a secret, for a token bound to a certificate", "./config-store/discovery", { trial: "tls", notes: "⁴" }),
  row("rotating secrets", "./client-auth/rotating-secrets"),
  row("`audience`"),
  row("`resource`, one"),
  row("`resource`, two", ".", { notes: "⁵", isRefused: true }),
  row("`parameters`, once and repeated"),
  row("`authorizationDetails`"),
  row("`beforeTokenRequest`"),
  row("`with()`, two audiences"),
  row("discovery, and the methods it names", "./config-store/discovery"),
  row("revocation by `close()`", "./revocation"),
  row("DPoP", "./dpop"),
  row("DPoP, where server and API want nonces", "./dpop"),
  row("DPoP by every algorithm, with bodies of every kind", "./dpop", { trial: "dpop" }),
  row("JWT bearer", "./grant/jwt-bearer", { notes: "⁶" }),
  row("token exchange", "./grant/token-exchange", { notes: "⁶" }),
  row("both of them, and revocation of their tokens", "./revocation", { trial: "grants", notes: "⁶" }),
];

/** The rows that worked, by runtime and trial. */
type Tried = Partial<Record<string, Partial<Record<Trial, string[]>>>>;

/** The environment, which all modules of one test run share, has it. */
const variable = "TRIED_METHODS";

function tried(): Tried {
  return JSON.parse(Deno.env.get(variable) ?? "{}");
}

/** Records the rows that worked on a runtime. Default: all of the trial. */
export function noteTried({ column }: Runtime, trial: Trial, names = listNames(trial)): void {
  const unknown = names.filter((name) => !listNames(trial).includes(name));
  if (unknown.length > 0) throw new Error(`No row of the table, or another trial's: ${unknown.join("; ")}`);
  const all = tried();
  const trials = all[column] ??= {};
  trials[trial] = [...trials[trial] ?? [], ...names];
  Deno.env.set(variable, JSON.stringify(all));
}

function listNames(trial: Trial): readonly string[] {
  return rows.filter((row) => row.trial === trial).map(({ what }) => what);
}

/** Whether all trials have run on all runtimes. */
export function isComplete(runtimes: readonly Runtime[]): boolean {
  const all = tried();
  return runtimes.every(({ column }) => rows.every(({ trial }) => all[column]?.[trial]));
}

/** The table's cells. A row that wasn't tried in this test run is shown as expected. */
export function table(runtimes: readonly Runtime[], server: string): string[][] {
  const all = tried();
  const heading = [`against ${server}`, "import", ...runtimes.map(({ column }) => column)];
  const cells = rows.map((row) => [
    row.notes ? `${row.what} ${row.notes}` : row.what,
    `\`${row.path}\``,
    ...runtimes.map(({ column }) => {
      const names = all[column]?.[row.trial];
      if (names !== undefined && !names.includes(row.what)) return "✗";
      return row.isRefused ? "–" : "✓";
    }),
  ]);
  return [heading, ...cells];
}

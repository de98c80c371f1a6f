/** The table of methods in `tests/README.md`: which was tried on which runtime in this test run. @module */
import type { Runtime } from "./every_runtime.ts";

/** The tests that try methods, and the rows of the table that each of them is about; `methods` names its own. */
const trials = {
  methods: [],
  assertions: ["these three, by every algorithm and key format"],
  tls: ["`tls_client_auth`", "`self_signed_tls_client_auth`", "a secret, for a token bound to a certificate"],
  dpop: ["DPoP by every algorithm, with bodies of every kind"],
  grants: ["both of them, and revocation of their tokens"],
} as const;

export type Trial = keyof typeof trials;

/** The trial that a row belongs to. */
export function findTrial(row: string): string {
  return Object.entries(trials).find(([, rows]) => (rows as readonly string[]).includes(row))?.[0] ?? "methods";
}

/** The environment, which all modules of one test run share, has it. */
const variable = "TRIED_METHODS";

/** The trials that have run and the rows that worked, each with its runtime's column. */
export function readTried(): (readonly [column: string, trialOrRow: string])[] {
  return JSON.parse(Deno.env.get(variable) ?? "[]");
}

/** Records the rows that worked on a runtime. Default: all of the trial. */
export function noteTried({ column }: Runtime, trial: Trial, rows: readonly string[] = trials[trial]): void {
  Deno.env.set(variable, JSON.stringify([...readTried(), ...[trial, ...rows].map((each) => [column, each])]));
}

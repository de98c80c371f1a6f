/** The portable suite's cases, its input and its results: data, so that it runs wherever there is a `fetch`. @module */
import type { TokenCase } from "../../faults/token_cases.ts";
import type { RealServers } from "../stage_server.ts";
import type { World } from "./world.ts";

/** What some platforms have and others lack. */
export type Trait =
  /** `redirect: "manual"` shows the redirect's `location`. */
  | "visible redirects"
  /** It doesn't. */
  | "hidden redirects"
  /** A request's body may be a stream. */
  | "streamed bodies"
  /** A program may set any header, `cookie` among them. */
  | "any header"
  /** Where a kept connection breaks, a POST isn't sent again by the platform itself. */
  | "single sending"
  /** There is neither a proxy nor a choice of certificate authorities. */
  | "no proxies";

/** One rule of the contract, and its test. */
export interface Case {
  readonly name: string;
  /** The traits without which it can't be tested. */
  readonly needs: readonly Trait[];
  run(world: World): Promise<void> | void;
}

/** Cases by their names, which need the same traits. */
export function cases(runs: Readonly<Record<string, Case["run"]>>, ...needs: readonly Trait[]): Case[] {
  return Object.entries(runs).map(([name, run]) => ({ name, needs, run }));
}

/** One case for each row of a table. */
export function eachRow<Row>(
  rows: Readonly<Record<string, Row>>,
  name: (what: string, row: Row) => string,
  run: (world: World, row: Row) => Promise<void> | void,
  ...needs: readonly Trait[]
): Case[] {
  return Object.entries(rows).map(([what, row]) => ({ name: name(what, row), needs, run: (world) => run(world, row) }));
}

/** The suite's input. */
export interface SuiteInput {
  /** Where scenes are set up and results go: see `stage_server.ts`. */
  readonly stage: string;
  readonly real: RealServers;
  /** What token endpoints answer. The stage knows how, by the name. */
  readonly answers: readonly Pick<TokenCase, "name" | "end" | "timeout">[];
  /** The traits this platform lacks: the cases that need them aren't applicable. */
  readonly lacks: readonly Trait[];
}

/** A case's result. */
export interface CaseResult {
  readonly name: string;
  /** Why it failed. */
  readonly error?: string;
  /** Whether the platform's rules make it impossible: it wasn't run. */
  readonly isImpossible?: boolean;
}

/**
 * What the portable suite is made of, and what comes out of it: data, so that it runs wherever there is a `fetch`.
 *
 * @module
 */

import type { World } from "./world.ts";

/** What some platforms have and others don't. */
export type Trait =
  /** `redirect: "manual"` shows where a redirect leads. */
  | "visible redirects"
  /** It doesn't. */
  | "hidden redirects"
  /** A request's body may be a stream. */
  | "streamed bodies"
  /** A program may set any header, `cookie` among them. */
  | "any header"
  /** A program can't say how bytes leave. */
  | "no proxies";

/** One rule of the contract, and how to see that it is kept. */
export interface Case {
  /** A sentence. */
  readonly name: string;
  /** The traits without which it can't be seen. Default: none, it holds everywhere. */
  readonly needs?: readonly Trait[];
  run(world: World): Promise<void>;
}

/** What the suite is told. */
export interface SuiteInput {
  /** Where scenes are set: see `stage_server.ts`. */
  readonly stage: string;
  /** Servers that are real: an authorization server, and APIs that check its tokens. */
  readonly real: RealServers;
  /** The traits this platform lacks, and why: the cases that need them aren't applicable. */
  readonly lacks: Readonly<Partial<Record<Trait, string>>>;
}

/** The real servers. */
export interface RealServers {
  readonly tokenEndpoint: string;
  /** An API that takes what is valid. */
  readonly api: string;
  /** Another one, whose tokens are revoked by a POST to `revoke`. */
  readonly revoking: string;
  readonly revoke: string;
  /** An authorization server whose tokens live for 2 seconds, and an API that takes them. */
  readonly shortLived: { readonly tokenEndpoint: string; readonly api: string };
}

/** How a case ended. */
export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  /** Why it isn't. */
  readonly error?: string;
  /** The rule of the platform that makes the case impossible there; it wasn't run. */
  readonly notApplicable?: string;
}

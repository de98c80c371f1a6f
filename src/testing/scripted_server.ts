/**
 * What both test servers do: record what comes, and answer as they are told to.
 *
 * @module
 */

import { checkFunction, checkNumber } from "../arguments.ts";
import { type RecordedRequest, Recording } from "./recorded_request.ts";

/**
 * Answers in a server's place: one of {@linkcode behaviours}, or a function of one's own. `answer` makes the server's usual
 * answer, with its usual effects; what is thrown is a failed connection.
 */
export type Behaviour = (
  request: RecordedRequest,
  answer: () => Promise<Response>,
) => Response | Promise<Response>;

/** Which requests a behaviour is for. */
export interface BehaviourOptions {
  /** The path, without the query. Default: the token endpoint's; at the API, every one but the metadata's. */
  readonly path?: string | undefined;
}

/** A server that answers inside the process. */
export interface TestServer {
  /**
   * Answers a request, as handlers of Deno, Bun, workers and most frameworks do. It is bound.
   *
   * @param request The request.
   * @returns The answer.
   * @throws {TypeError} Where the connection is to fail, and what a behaviour throws.
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /** What was received, in that order. */
  readonly requests: readonly RecordedRequest[];
  /**
   * Changes the answer to the next requests. Those that were told first are used first.
   *
   * @param behaviour What it does instead.
   * @param count For how many requests. Default: 1. `Infinity`: until it is lifted.
   * @param options Which requests.
   * @returns A function that lifts it, whatever is left of it.
   */
  next(behaviour: Behaviour, count?: number, options?: BehaviourOptions): () => void;
  /**
   * Changes the answer to all requests while a function runs, before all that `next` says.
   *
   * @param behaviour What it does instead.
   * @param run What runs meanwhile.
   * @param options Which requests.
   * @returns What the function returns.
   * @throws What the function throws.
   */
  during<T>(behaviour: Behaviour, run: () => T | Promise<T>, options?: BehaviourOptions): Promise<T>;
}

interface Scripted {
  readonly behaviour: Behaviour;
  readonly path: string | undefined;
  remaining: number;
}

/** A test server, given what it usually answers. */
export abstract class ScriptedServer implements TestServer {
  readonly fetch: (request: Request) => Promise<Response> = (request) => this.#fetch(request);
  readonly #maxRequests: number;
  #requests: Recording[] = [];
  #script: Scripted[] = [];

  /** Keeps so many requests. */
  constructor(maxRequests = Infinity) {
    this.#maxRequests = maxRequests;
  }

  /** Whether behaviours without a path are for this one. */
  protected abstract isScripted(path: string): boolean;

  /** The usual answer. */
  protected abstract answer(request: Recording): Response | Promise<Response>;

  get requests(): readonly Recording[] {
    return this.#requests;
  }

  next(behaviour: Behaviour, count = 1, options: BehaviourOptions = {}): () => void {
    return this.#add(behaviour, count, options, "push");
  }

  async during<T>(behaviour: Behaviour, run: () => T | Promise<T>, options: BehaviourOptions = {}): Promise<T> {
    const lift = this.#add(behaviour, Infinity, options, "unshift");
    try {
      return await run();
    } finally {
      lift();
    }
  }

  /** Forgets what was received, and what is to come. */
  reset(): void {
    this.#requests = [];
    this.#script = [];
  }

  #add(behaviour: Behaviour, remaining: number, { path }: BehaviourOptions, place: "push" | "unshift"): () => void {
    if (behaviour === undefined) throw new TypeError("behaviour must be a function: one of behaviours, or your own.");
    checkFunction("behaviour", behaviour);
    checkNumber("count", remaining, 0);
    const added: Scripted = { behaviour, path, remaining };
    if (remaining > 0) this.#script[place](added);
    return () => this.#drop(added);
  }

  #drop(spent: Scripted): void {
    this.#script = this.#script.filter((each) => each !== spent);
  }

  async #fetch(request: Request): Promise<Response> {
    // Read to its end before it is answered, as servers do.
    const body = new Uint8Array(await request.arrayBuffer());
    const recording = new Recording(request, body);
    this.#requests.push(recording);
    if (this.#requests.length > this.#maxRequests) this.#requests.shift();
    const response = await this.#act(recording);
    recording.status = response.status;
    return response;
  }

  async #act(request: Recording): Promise<Response> {
    const answer = async () => await this.answer(request);
    const { path } = request;
    const scripted = this.#script.find((each) => each.path === undefined ? this.isScripted(path) : each.path === path);
    if (!scripted) return await answer();
    if (--scripted.remaining <= 0) this.#drop(scripted);
    return await scripted.behaviour(request, answer);
  }
}

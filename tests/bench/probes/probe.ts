/** What a measurement in a process of its own is given, and how it answers. Runs on Node, Deno and Bun. @module */

import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Client, Library, Setting } from "../clients/client.ts";

/** Arguments: a JSON object. */
export interface ProbeInput {
  readonly smoke: boolean;
  /** Modules with one client each. */
  readonly clients: readonly string[];
  /** The loopback servers' origin. */
  readonly api: string;
}

export const input: ProbeInput = JSON.parse(process.argv[2]!);

/** The client of a module. */
export async function loadLibrary(path: string): Promise<Library> {
  const [library] = Object.values(await import(pathToFileURL(path).href));
  return library as Library;
}

/** Answers as the last thing it does. */
export function answer(value: unknown): void {
  console.log(JSON.stringify(value));
  process.exit(0);
}

/** Collects garbage. */
export function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc!();
  gc!();
}

/** A setting without a network: its one response serves every call. */
export function inMemory(answerToken?: () => Response): Setting & { readonly fetch: typeof fetch; requests: number } {
  const api = "http://127.0.0.1:9";
  const response = new Response();
  const token = { access_token: "token", token_type: "Bearer", expires_in: 3600 };
  const setting = {
    api,
    tokenEndpoint: `${api}/token`,
    requests: 0,
    fetch(_input: unknown, init?: { method?: string | undefined }): Promise<Response> {
      if (init?.method !== "POST") return Promise.resolve(response);
      setting.requests++;
      return Promise.resolve(answerToken?.() ?? Response.json(token));
    },
  };
  return setting;
}

/** A call, by a client or bare. */
export type Call = () => Promise<unknown>;
export type { Client };

/**
 * What runs on each runtime: the cases that come as JSON in a file, each by the constructor's options and by the
 * transport of the runtime's own export. What came of them is printed as JSON, on the last line.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { inspect } from "node:util";
import { ClientCredentialsAuthenticator, type Fetch, StaticClientConfigStore } from "@m2m/authenticator";
import { sendShapes } from "./shapes.ts";

/** A case as it comes. */
export interface PreparedCase {
  readonly name: string;
  readonly origin: string;
  readonly options: {
    httpProxyUrl?: string;
    verify?: boolean | string;
    clientCertificate?: { cert: string; key: string };
  };
}

/** What came of a request: the error, or what the server saw of it. */
type Outcome = { readonly error: Record<string, unknown> } | { readonly seen: Record<string, unknown> };

export type CaseResult = Awaited<ReturnType<typeof run>>;

type MakeTransport = (options: PreparedCase["options"]) => { fetch: Fetch; close(): Promise<void> };

/** Runs all cases and all shapes of requests. */
export async function main(makeTransport: MakeTransport): Promise<void> {
  const input: Record<"cases" | "shapesOn", PreparedCase[]> = JSON.parse(await readFile(argv[2]!, "utf8"));
  const results: CaseResult[] = [];
  const queue = input.cases.flatMap((each) => {
    // Deno's core has no client for `verify: false`.
    const hasClient = each.options.verify !== false || !navigator.userAgent.startsWith("Deno/");
    return [...hasClient ? ["constructor"] : [], "transport"].map((way) => [each, way] as const);
  });
  // A few at a time: retries wait most of the time.
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results.push(await run(...next, makeTransport));
  }));
  const shaped: Record<string, Record<string, unknown>> = {};
  for (const { name, origin, options } of input.shapesOn) {
    const transport = makeTransport(options);
    shaped[name] = await sendShapes(transport.fetch, origin);
    await transport.close();
  }
  console.log(JSON.stringify({ results, shaped }));
}

async function run({ name, origin, options }: PreparedCase, way: string, makeTransport: MakeTransport) {
  const transport = way === "transport" ? makeTransport(options) : undefined;
  let attempts = 0;
  const settings = {
    ...{ clientId: "my-client", clientSecret: "s3cret", retry: { maxAttempts: 3, maxDelay: 20 } },
    configStore: new StaticClientConfigStore({ tokenEndpoint: `${origin}/token` }),
    onEvent: ({ type }: { type: string }) => void (type === "token_requested" && attempts++),
    ...transport ? { fetch: transport.fetch } : options,
  };
  const authenticator = new ClientCredentialsAuthenticator({ ...settings, endpoint: origin });
  const elsewhere = new ClientCredentialsAuthenticator({ ...settings, endpoint: "https://elsewhere.test" });
  const token = await attempt(() => authenticator.getCredentials().then(() => Response.json({})));
  const counted = attempts;
  const call = await attempt(() => authenticator.fetch("/v1/projects", { method: "POST", body: "hello" }));
  const others = [token, await attempt(() => elsewhere.fetch(`${origin}/echo`))];
  if ("seen" in token) others.push(await attempt(() => authenticator.fetch("/v1/projects")));
  // Node 22 doesn't know `await using`.
  await Promise.all([authenticator, elsewhere, transport].map((each) => each?.close()));
  return { name, way, attempts: counted, call, others };
}

async function attempt(send: () => Promise<Response>): Promise<Outcome> {
  try {
    return { seen: await (await send()).json() };
  } catch (error) {
    const { name, code, retryable, message } = error as Record<string, unknown>;
    return { error: { name, code, retryable, message, printed: inspect(error, { depth: 5 }) } };
  }
}

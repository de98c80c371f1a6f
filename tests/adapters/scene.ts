/** RabbitMQ, an authorization server whose tokens it takes, and programs for it. @module */

import { assertEquals } from "@std/assert";
import { bunExecutable } from "../runtimes/bun.ts";
import { runScript } from "../runtimes/every_runtime.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { obtainOrSkip } from "../runtimes/tests_on.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { everyScope, type StartRabbitmq } from "../servers/rabbitmq.ts";
import type { Place } from "./place.ts";

/** Lifetime of the tokens, in seconds. They are refreshed after 8, and the broker lets them expire up to one too soon. */
const lifetime = 10;

/** Starts both. */
export async function startScene(start: StartRabbitmq): Promise<Place & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const audience = "https://rabbitmq.test";
  const [clientId, clientSecret] = ["my-client", `secret-of-${crypto.randomUUID()}`];
  const clients = [{ client_id: clientId, client_secret: clientSecret }];
  const scopes = everyScope(audience);
  const server = stack.use(await startAuthorizationServer({ clients, scopes, audiences: [audience], lifetime }));
  const { amqp, mqtt } = stack.use(await start({ jwksUri: server.jwksUri, audience }));
  const { tokenEndpoint } = server;
  const started = stack.move();
  const place = { amqp, mqtt, audience, tokenEndpoint, scopes, clientId, clientSecret };
  return { ...place, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

const programs = [
  ["Bun", bunExecutable],
  ...nodeVersions.map((version) => [`Node ${version}`, () => nodeExecutable(version)] as const),
] as const;

/** Runs a program here, on Bun and on each Node, at once: its time goes by in waiting. */
export async function runEverywhere<Output, Input extends object = object>(
  script: URL,
  run: (input: Input) => Promise<Output>,
  input: Input,
): Promise<(readonly [runtime: string, Output])[]> {
  const others = programs.map(async ([name, obtain]) => {
    const executable = await obtainOrSkip(name, obtain);
    if (executable === undefined) return [];
    const { stdout, stderr } = await runScript(executable, script, { args: [JSON.stringify(input)], platform: "deno" });
    assertEquals(stderr, "", name);
    return [[name, JSON.parse(stdout) as Output] as const];
  });
  const here = run(input).then((output) => [["Deno", output] as const]);
  return (await Promise.all([here, ...others])).flat();
}

/**
 * A real RabbitMQ, as Debian installs it, on loopback, that takes an authorization server's tokens by its OAuth 2 backend.
 * Its files are in a temporary folder, and its port mapper (epmd) is its own.
 *
 * @module
 */

import { join } from "node:path";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { closedPort } from "./fault_server.ts";
import { host } from "./loopback.ts";

const executable = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** Whose tokens it takes. */
export interface RabbitmqOptions {
  /** Where the keys are by which tokens are signed. */
  readonly jwksUri: string;
  /** Their audience. Scopes begin with it. */
  readonly audience: string;
}

/** Starts a broker. Disposing of it kills it, and removes its files. */
export type StartRabbitmq = typeof start;

/** Resolves to a function that starts a broker. Rejects where RabbitMQ isn't installed. */
export async function findRabbitmq(): Promise<StartRabbitmq> {
  await Deno.stat(executable).catch(() => {
    throw new Error("RabbitMQ isn't installed (apt-get install rabbitmq-server)");
  });
  return start;
}

async function start({ jwksUri, audience }: RabbitmqOptions) {
  await using stack = new AsyncDisposableStack();
  // Debian has a user for it, and root need not be one.
  const isRoot = await print("id", "-u") === "0";
  const user = isRoot ? ["setpriv", "--reuid=rabbitmq", "--regid=rabbitmq", "--init-groups"] : ["env"];
  const [command, ...prefix] = user as [string, ...string[]];
  const folder = await print(command, ...prefix, "mktemp", "--directory", "--tmpdir", "rabbitmq_XXXXXX");
  stack.defer(() => Deno.remove(folder, { recursive: true }));

  const ports = { mapper: 0, distribution: 0, amqp: 0, mqtt: 0 };
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await closedPort();
  const files = {
    "enabled_plugins": "[rabbitmq_auth_backend_oauth2,rabbitmq_mqtt].",
    "advanced.config": configure(audience, ports.mqtt, await readKeys(jwksUri)),
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);

  const mapped = { ERL_EPMD_ADDRESS: host, ERL_EPMD_PORT: String(ports.mapper) };
  // Otherwise the broker starts one that outlives it.
  stack.use(await startProgram(command, { args: [...prefix, "epmd", "-d"], env: mapped, ready: /running/ }));
  const settings = {
    ...{ NODENAME: "test@localhost", NODE_IP_ADDRESS: host, NODE_PORT: String(ports.amqp), LOGS: "-" },
    ...{ DIST_PORT: String(ports.distribution), CONF_ENV_FILE: join(folder, "none") },
    SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    ...{ MNESIA_BASE: join(folder, "data"), LOG_BASE: join(folder, "log"), PID_FILE: join(folder, "pid") },
    ...{ SCHEMA_DIR: join(folder, "schema"), GENERATED_CONFIG_DIR: join(folder, "generated") },
    ...{ CONFIG_FILE: join(folder, "rabbitmq"), ADVANCED_CONFIG_FILE: join(folder, "advanced.config") },
    ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
  };
  const own = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`RABBITMQ_${name}`, value]));
  stack.use(
    await startProgram(command, {
      args: [...prefix, executable],
      // Under systemd the script becomes the broker, which so has its process id.
      env: { ...mapped, ...own, HOME: folder, RUNNING_UNDER_SYSTEMD: "true" },
      ready: /Server startup complete/,
      timeout: 90_000,
    }),
  );
  return Object.assign(stack.move(), { amqp: `amqp://${host}:${ports.amqp}`, mqtt: `mqtt://${host}:${ports.mqtt}` });
}

/** Writes its settings, which are Erlang's terms. By default its channels look at a token once a minute. */
function configure(audience: string, mqttPort: number, keys: readonly Record<string, string>[]): string {
  const binary = (text: string) => `<<${JSON.stringify(text)}>>`;
  const map = (entries: readonly (readonly [string, string])[]) =>
    `#{${entries.map(([name, value]) => `${binary(name)} => ${value}`)}}`;
  const signingKeys = keys.map((key) => {
    const members = Object.entries(key).map(([name, value]) => [name, binary(value)] as const);
    return [key.kid!, `{map, ${map(members)}}`] as const;
  });
  return `[
    {rabbit, [{auth_backends, [rabbit_auth_backend_oauth2]}, {channel_tick_interval, 200}]},
    {rabbitmq_mqtt, [{tcp_listeners, [{"${host}", ${mqttPort}}]}, {allow_anonymous, false}]},
    {rabbitmq_auth_backend_oauth2, [
      {resource_server_id, ${binary(audience)}}, {key_config, [{signing_keys, ${map(signingKeys)}}]}
    ]}
  ].`;
}

async function readKeys(jwksUri: string): Promise<Record<string, string>[]> {
  return (await (await fetch(jwksUri)).json()).keys;
}

async function print(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await runToEnd(command, { args });
  if (!success) throw new Error(`Cannot run ${command} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** The scopes that allow everything: with queues and exchanges, then with topics. */
export function everyScope(audience: string): string[] {
  return ["read", "write", "configure"].flatMap((verb) => ["*/*", "*/*/*"].map((all) => `${audience}.${verb}:${all}`));
}

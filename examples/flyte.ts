/**
 * A Deno script that calls the REST API of a Flyte platform (flyteadmin): it prints the projects' names. The
 * platform's own metadata has the rest of the config.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --allow-env=FLYTE_* --allow-net=flyte.example.com,login.example.com flyte.ts
 *
 * Environment, as Flyte's own clients read it: `FLYTE_PLATFORM_URL` (such as `dns:///flyte.example.com`),
 * `FLYTE_CREDENTIALS_CLIENT_ID`, `FLYTE_CREDENTIALS_CLIENT_SECRET`, and where they are needed
 * `FLYTE_CREDENTIALS_SCOPES`, `FLYTE_CREDENTIALS_AUDIENCE` and `FLYTE_PLATFORM_INSECURE`.
 */
import { authenticatorFromEnv, flyteEnvNames } from "@m2m/authenticator/config-store/env";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";

const platform = Deno.env.get("FLYTE_PLATFORM_URL");
if (!platform) throw new Error("Cannot start: the environment variable FLYTE_PLATFORM_URL is not set");

const configStore = new FlyteClientConfigStore(platform, {
  insecure: Deno.env.get("FLYTE_PLATFORM_INSECURE") === "true",
});
const authenticator = authenticatorFromEnv({ names: flyteEnvNames, endpoint: configStore.endpoint, configStore });

const response = await authenticator.fetch("/api/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the platform answered ${response.status}`);
const { projects } = await response.json();
for (const { name } of projects) console.log(name);

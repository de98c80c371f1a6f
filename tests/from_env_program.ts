/** A program whose settings stand in its environment, for runtimes that have one: prints the projects. @module */
import { authenticatorFromEnv } from "../src/env/from_env.ts";

const response = await authenticatorFromEnv().fetch("/v1/projects");
console.log(await response.text());

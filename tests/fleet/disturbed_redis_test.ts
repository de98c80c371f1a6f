/** A fleet on Redis that is disturbed. A third of the clocks are five minutes fast, a third as slow. */

import { testsOn } from "../runtimes/tests_on.ts";
import { checkDisturbed } from "./disturbances.ts";
import { findEngine } from "./engines.ts";
import { size } from "./fleet.ts";

const minutes = 60_000;

const testOnRedis = await testsOn("redis", () => findEngine("redis"));
testOnRedis(`${size} processes on redis go on, whatever happens`, async (start) => {
  await using engine = await start();
  await checkDisturbed(engine, { skews: [-5 * minutes, 0, 5 * minutes] });
});

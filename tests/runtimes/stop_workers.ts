/** Service workers that end, as a browser ends those that are idle. @module */
import type { Page } from "./chromium.ts";
import { until } from "./suite/world.ts";

/** Stops all service workers, whatever they are doing; waits for the origin's. */
export async function stopWorkers({ command, events }: Page, origin: string): Promise<void> {
  await command("ServiceWorker.enable");
  const { length } = events;
  await command("ServiceWorker.stopAllWorkers");
  await until(() => {
    const updates = events.slice(length).filter(({ method }) => method === "ServiceWorker.workerVersionUpdated");
    return updates.flatMap(({ params }) => params.versions as Record<"scriptURL" | "runningStatus", string>[])
      .some(({ scriptURL, runningStatus }) => scriptURL.startsWith(origin) && runningStatus === "stopped");
  });
}

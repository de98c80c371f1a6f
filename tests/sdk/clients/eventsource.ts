import { EventSource } from "npm:eventsource@5.1.5";
import { fromEvents, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "events",
  has: { timeout: false, abort: true },
  // It sets `cache`, which that takes for an error.
  notOn: ["workerd of 2024-09-01"],
  connect({ url, fetch }) {
    const listen = (path: string, signal?: AbortSignal) =>
      fromEvents((events) => {
        const source = new EventSource(url + path, { fetch });
        // Not `onmessage`, which workerd calls a second time by itself.
        source.addEventListener("message", ({ data, lastEventId }) => {
          events.enqueue(data);
          // It would connect again.
          if (lastEventId === "last") events.close(), source.close();
        });
        source.addEventListener("error", (event) => {
          source.close();
          events.error(event);
        });
        signal?.addEventListener("abort", () => {
          source.close();
          events.error(signal.reason);
        });
      });
    return {
      plain: async (signal) => (await Array.fromAsync(listen("/plain", signal))).join(),
      stream: () => listen("/stream"),
    };
  },
};

/**
 * The memory of a worker that forwards a large upload with a token, over that of one that forwards it by a bare fetch.
 *
 * @module
 */

import { bundle } from "../runtimes/bundle.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, workerdExecutable } from "../runtimes/workerd_executable.ts";
import { serve } from "../servers/loopback.ts";

const chunk = new Uint8Array(1_048_576);

/** Uploads so many megabytes; resolves to the additional peak memory in megabytes. On Linux alone. */
export async function forwardingMemory(megabytes: number): Promise<number> {
  const workerd = await workerdExecutable();
  const script = await bundle(new URL("forwarding_worker.ts", import.meta.url));
  await using api = serve(async (request) => {
    if (request.url.endsWith("/token")) return Response.json({ access_token: "token", expires_in: 3600 });
    let size = 0;
    for await (const part of request.body ?? []) size += part.length;
    return Response.json(size);
  });
  const peak = async (path: string) => {
    await using worker = await startWorker(workerd.path, {
      script,
      compatibilityDate: compatibilityDate(workerd, "2026-11-01"),
      bindings: { API: api.origin },
    });
    for (const count of [1, megabytes]) {
      let left = count;
      const body = new ReadableStream({
        pull: (controller) => left-- > 0 ? controller.enqueue(chunk) : controller.close(),
      });
      const response = await fetch(new URL(path, worker.url), { method: "POST", body });
      if (await response.json() !== count * chunk.length) throw new Error(`${path}: the upload arrived in part`);
    }
    // Deno reads it under all permissions only.
    const { stdout } = await runToEnd("cat", { args: [`/proc/${worker.pid}/status`] });
    return Number(/VmHWM:\s*(\d+)/.exec(stdout)![1]) / 1024;
  };
  const bare = await peak("/bare");
  return await peak("/token") - bare;
}

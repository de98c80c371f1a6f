/** Calls with bound tokens inside a worker: asked by a request that holds what they need. @module */
import type { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { build, tryCalls } from "./dpop_program.ts";

// Outside of any request there is neither chance nor I/O: making one takes none of it.
const early = dpop();
let shared: ClientCredentialsAuthenticator | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    const input = await request.json();
    if (new URL(request.url).pathname === "/early") return new Response(await early.thumbprint());
    if (new URL(request.url).pathname !== "/shared") return Response.json(await tryCalls(input));
    shared ??= build(input);
    const response = await shared.fetch("/x", { method: "POST", body: "a body" });
    return new Response(await response.text(), { status: response.status });
  },
};

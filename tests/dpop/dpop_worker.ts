/** Calls with bound tokens inside a worker: asked by a request that holds what they need. @module */
import type { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { generateKeyPair } from "jose";
import { build, tryCalls } from "./dpop_program.ts";

// Outside of any request there is neither chance nor I/O: making one takes none of it.
const early = dpop();
let asked = 0;
const lookedUp = dpop({
  async keyPair() {
    asked++;
    // Long enough for every request to come before the key does.
    await new Promise((resolve) => setTimeout(resolve, 200));
    return await generateKeyPair("ES256");
  },
});
let shared: ClientCredentialsAuthenticator | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    const input = await request.json();
    const { pathname } = new URL(request.url);
    if (pathname === "/early") return new Response(await early.thumbprint());
    if (pathname === "/looked-up") return new Response(`${await lookedUp.thumbprint()} ${asked}`);
    if (pathname !== "/shared") return Response.json(await tryCalls(input));
    shared ??= build(input);
    const response = await shared.fetch("/x", { method: "POST", body: "a body" });
    return new Response(await response.text(), { status: response.status });
  },
};

/** The input of `probe.ts`: a server, a proxy that isn't listening, and variables. @module */
import type { ProbeInput } from "./probe.ts";

/** Disposing of it stops the server. */
export interface ProbeStage extends AsyncDisposable {
  readonly input: Omit<ProbeInput, "secretFile">;
  /** The environment that `./config-store/env` reads. */
  readonly env: Readonly<Record<string, string>>;
}

export function startProbeStage(): ProbeStage {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  // Closed below: a port on which nothing listens.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const deadProxy = `http://127.0.0.1:${listener.addr.port}`;
  const server = Deno.serve(options, () => new Response("the server's answer"));
  listener.close();
  return {
    input: { url: `http://127.0.0.1:${server.addr.port}/`, deadProxy },
    env: {
      M2M_ENDPOINT: "https://api.example.com",
      M2M_TOKEN_ENDPOINT: "https://auth.example.com/token",
      M2M_CLIENT_ID: "my-client",
      M2M_CLIENT_SECRET: "my-secret",
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

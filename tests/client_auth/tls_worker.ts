/**
 * Certificates inside a worker, where each is a binding that shows it, as Cloudflare's mTLS bindings do: asked by a
 * request that holds the rest.
 *
 * @module
 */
import { tryCertificates } from "./tls_program.ts";

type Bindings = Record<string, { fetch: typeof fetch }>;

/** The binding that shows no certificate. */
const bare = "no certificate";

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const output = await tryCertificates(
      await request.json(),
      (certificate) => ({ fetch: (input, init) => env[certificate ?? bare]!.fetch(input, init) }),
    );
    return Response.json(output);
  },
};

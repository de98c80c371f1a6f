/** Client certificates inside a worker: each is a binding, as Cloudflare's mTLS bindings are. @module */
import { tryCertificates } from "./tls_program.ts";

export default {
  async fetch(request: Request, env: Record<string, { fetch: typeof fetch }>): Promise<Response> {
    const output = await tryCertificates(
      await request.json(),
      (certificate = "no certificate" as never) => ({ fetch: (input, init) => env[certificate]!.fetch(input, init) }),
    );
    return Response.json(output);
  },
};

/**
 * Loaded before every test. In the documentation's examples, and there alone, `fetch` sends requests to the examples' hosts
 * to servers on loopback.
 *
 * @module
 */

const hosts: Record<string, string> = JSON.parse(Deno.env.get("EXAMPLE_HOSTS") ?? "{}");
const realFetch = globalThis.fetch;

// An example's module is named by its file and lines: "README.md#6-18.ts". In a file's URL it is encoded.
if (/#|%23/.test(Deno.mainModule)) {
  globalThis.fetch = (input, init) => {
    const { origin, pathname, search } = new URL(input instanceof Request ? input.url : input);
    const target = hosts[origin];
    if (target === undefined) return realFetch(input, init);
    return route(origin, target, pathname + search, new Request(input, init));
  };
}

async function route(origin: string, target: string, path: string, request: Request): Promise<Response> {
  // The examples' token endpoint has an unusual path, which no client can guess.
  const url = new URL(path.replace(/^\/oauth\/token\b/, "/token"), target);
  const response = await realFetch(new Request(url, request));
  // An example may show a refused token request, but no refused call.
  if (/^(Bearer|DPoP) /.test(request.headers.get("authorization") ?? "") && !response.ok) {
    await response.body?.cancel();
    throw new Error(`The API answered ${response.status} to an example's call of ${origin}${path}`);
  }
  if (!path.startsWith("/.well-known/")) return response;
  // Metadata names the host that was asked (RFC 8414 §3.3).
  const text = (await response.text()).replaceAll(target, origin);
  return new Response(text, { status: response.status, headers: response.headers });
}

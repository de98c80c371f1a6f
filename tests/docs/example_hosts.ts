/**
 * Loaded before every test. In an example of the documentation, `fetch` finds the hosts it names on loopback,
 * under other ports; every other request goes where it says, and other tests don't notice.
 *
 * @module
 */

const hosts: Record<string, string> = JSON.parse(Deno.env.get("EXAMPLE_HOSTS") ?? "{}");
const realFetch = globalThis.fetch;

// An example's module is called after the file and the lines it stands in: "README.md#6-18.ts".
if (Deno.mainModule.includes("#")) {
  globalThis.fetch = (input, init) => {
    const { origin, pathname, search } = new URL(input instanceof Request ? input.url : input);
    const target = hosts[origin];
    if (target === undefined) return realFetch(input, init);
    return routed(origin, target, pathname + search, new Request(input, init));
  };
}

async function routed(origin: string, target: string, path: string, request: Request): Promise<Response> {
  // The examples' token endpoint has a path of its own: a client that guesses the usual one would be found out.
  const url = new URL(path.replace(/^\/oauth\/token\b/, "/token"), target);
  const response = await realFetch(new Request(url, request));
  // An example may show how a token request is refused, but not a call with a token the API doesn't take.
  if (/^(Bearer|DPoP) /.test(request.headers.get("authorization") ?? "") && !response.ok) {
    await response.body?.cancel();
    throw new Error(`The API answered ${response.status} to an example's call of ${origin}${path}`);
  }
  if (!path.startsWith("/.well-known/")) return response;
  // Metadata speaks of the host it was asked under (RFC 8414 §3.3).
  const text = (await response.text()).replaceAll(target, origin);
  return new Response(text, { status: response.status, headers: response.headers });
}

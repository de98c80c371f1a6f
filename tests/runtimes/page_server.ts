/** A server of web pages and scripts on loopback, until it is disposed of. @module */

/** The answers by path: a page if it starts with `<`, JSON if with `{`, else a script. */
export type Pages = Readonly<Record<string, string>>;

/** A server that listens. Disposing of it stops it. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string;
  /** The requested paths, oldest first. */
  readonly asked: readonly string[];
}

/** Starts a server on a free port of 127.0.0.1. */
export function startPageServer(pages: Pages): PageServer {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const text = pages[pathname];
    if (text === undefined) return new Response(null, { status: 404 });
    const kind = text.startsWith("<") ? "html" : text.startsWith("{") ? "json" : "javascript";
    return new Response(text, { headers: { "content-type": `text/${kind}`, "cache-control": "no-store" } });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

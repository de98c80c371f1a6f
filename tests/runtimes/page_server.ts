/** A server of web pages and scripts on loopback, until it is disposed of. @module */
import { serve } from "../servers/loopback.ts";

/** Starts it. The answers are by path: a page if it starts with `<`, else a script. */
export function startPageServer(pages: Readonly<Record<string, string>>): ReturnType<typeof serve> {
  return serve(({ url }) => {
    const text = pages[new URL(url).pathname];
    if (text === undefined) return new Response(null, { status: 404 });
    const kind = text.startsWith("<") ? "html" : "javascript";
    return new Response(text, { headers: { "content-type": `text/${kind}`, "cache-control": "no-store" } });
  });
}

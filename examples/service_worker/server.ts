/**
 * The server of the service worker example: the page, its worker, and the settings. It runs on the browser's own device,
 * and answers that device alone.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno bundle --platform browser -o service_worker.js service_worker.ts
 *     deno run --env-file --allow-env --allow-read=. --allow-net=127.0.0.1 server.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`; where the
 * server requires them `M2M_SCOPES` (space separated) and `M2M_AUDIENCE`; `PORT` (default: 8000).
 * The API and the token endpoint must allow the page's origin, http://127.0.0.1:8000 (CORS).
 */
function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const settings = {
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
  scopes: (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean),
  audience: Deno.env.get("M2M_AUDIENCE") || undefined,
};

const page = await Deno.readTextFile(new URL("index.html", import.meta.url));
const worker = await Deno.readTextFile(new URL("service_worker.js", import.meta.url));

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT") ?? 8000) }, (request) => {
  const { hostname, pathname } = new URL(request.url);
  // A page of another name must not read the secret (DNS rebinding).
  if (hostname !== "127.0.0.1") return new Response(null, { status: 421 });
  if (pathname === "/") return new Response(page, { headers: { "content-type": "text/html" } });
  if (pathname === "/settings.json") {
    return Response.json(settings, { headers: { "cache-control": "no-store" } });
  }
  if (pathname !== "/service_worker.js") return new Response(null, { status: 404 });
  return new Response(worker, { headers: { "content-type": "text/javascript" } });
});

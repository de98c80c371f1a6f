import { assertEquals } from "@std/assert";
import { serve } from "../servers/loopback.ts";
import { runExample } from "./run_example.ts";

Deno.test("json_token_endpoint.ts: gets a token by JSON, from an answer of another shape", async () => {
  const seen: unknown[] = [];
  await using server = serve(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/token") return Response.json({ token: request.headers.get("authorization") });
    seen.push(request.headers.get("content-type"), await request.json());
    return Response.json({ data: { token: "token-1", ttl: 60 } });
  });
  const env = {
    M2M_ENDPOINT: server.origin,
    M2M_TOKEN_ENDPOINT: `${server.origin}/token`,
    M2M_CLIENT_ID: "id",
    M2M_CLIENT_SECRET: "s3cret",
  };
  const { stdout } = await runExample({
    command: ["json_token_endpoint.ts"],
    net: [server.origin],
    names: "M2M_*",
    env,
  });
  assertEquals(stdout, '200 {"token":"Bearer token-1"}\n');
  const form = { grant_type: "client_credentials", client_id: "id", client_secret: "s3cret" };
  assertEquals(seen, ["application/json", form]);
});

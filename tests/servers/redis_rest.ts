/**
 * Redis's REST form, as Upstash serves it, in front of a real server.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { host, serve } from "./loopback.ts";

type Command = readonly (string | number)[];
type Answer = { readonly result: string | number | null } | { readonly error: string };

/** The bearer token that it wants. */
export const restToken = "rest-token";

/** Starts it, below a path of its own: a command is posted there, several to `/pipeline`. */
export function startRedisRest(port: number) {
  const waiting = new Set<Socket>();
  const server = serve(async (request) => {
    const { headers, method, url } = request;
    const answer = (body: unknown, status = 200) => Response.json(body, { status });
    if (headers.get("authorization") !== `Bearer ${restToken}`) {
      return answer({ error: "WRONGPASS invalid or missing auth token" }, 401);
    }
    const body = await request.json();
    if (method !== "POST" || !Array.isArray(body)) return answer({ error: "ERR bad request" }, 400);
    const encode = headers.get("upstash-encoding") === "base64" ? btoa : String;
    const run = async (command: Command): Promise<Answer> => {
      const found = await sendCommand(command).catch(() => ({ error: "ERR no server" }));
      return "result" in found && typeof found.result === "string" ? { result: encode(found.result) } : found;
    };
    switch (new URL(url).pathname) {
      case "/base/path": {
        const found = await run(body);
        return answer(found, "error" in found ? 400 : 200);
      }
      case "/base/path/pipeline":
        return answer(await Promise.all(body.map(run)));
      default:
        return new Response("not found", { status: 404 });
    }
  });
  return {
    url: `${server.origin}/base/path`,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };

  /** Sends a command over a connection of its own, and reads a reply that is no list. All texts are ASCII. */
  async function sendCommand(command: Command): Promise<Answer> {
    const socket = connect(port, host);
    waiting.add(socket.once("close", () => waiting.delete(socket)));
    const parts = command.map((part) => `$${String(part).length}\r\n${part}\r\n`);
    socket.write(`*${parts.length}\r\n${parts.join("")}`);
    let text = "";
    // Its end closes the connection.
    for await (const part of socket.setEncoding("latin1")) {
      text += part;
      const [, kind, line = "", rest = ""] = /^([-+:$])([^\r]*)\r\n([^]*)$/.exec(text) ?? [];
      if (kind === "-") return { error: line };
      if (kind === ":") return { result: Number(line) };
      if (kind === "+" || line === "-1") return { result: kind === "+" ? line : null };
      if (kind === "$" && rest.length === Number(line) + 2) return { result: rest.slice(0, -2) };
    }
    throw new Error("Redis has closed the connection.");
  }
}

/**
 * An API that speaks what each client expects, verifies the token of each call, and knows each client's trials by the
 * URL: `/<api>/<client>/<trial>/…`. A program: its arguments are the issuer and the URL of its keys, and it prints its
 * origin. `/control/calls/…` gives the calls of a trial.
 *
 * @module
 */

import { createRemoteJWKSet } from "jose";
import { preciseNow, serve } from "../servers/loopback.ts";
import { readIssuedAt, verifyToken } from "../servers/protected_api.ts";
import type { SeenCall } from "./table.ts";
import { answer as anthropic } from "./apis/anthropic.ts";
import { answer as connect } from "./apis/connect.ts";
import { answer as elasticsearch } from "./apis/elasticsearch.ts";
import { answer as events } from "./apis/events.ts";
import { answer as github } from "./apis/github.ts";
import { answer as graphql } from "./apis/graphql.ts";
import { answer as hono } from "./apis/hono.ts";
import { answer as mcp } from "./apis/mcp.ts";
import { answer as openai } from "./apis/openai.ts";
import { answer as rest } from "./apis/rest.ts";
import { answer as supabase } from "./apis/supabase.ts";
import { answer as trpc } from "./apis/trpc.ts";

/** A call whose token counts. */
export interface ApiCall {
  /** As it came, but for what the URL has of the trial. */
  readonly request: Request;
  /** Its URL's path. */
  readonly path: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The body as text. */
  text(): string;
  /** A body of two pieces; the second is sent when the client's program asks for it. */
  pieces(contentType: string, pieces: readonly [string, string]): Response;
  /** Resolves when the client's program asks for the second piece. */
  readonly continued: Promise<unknown>;
}

/** Answers calls; `undefined`: there is nothing at this path. */
export type Answer = (call: ApiCall) => Response | undefined | Promise<Response | undefined>;

const apis: Readonly<Record<string, Answer>> = {
  anthropic,
  connect,
  elasticsearch,
  events,
  github,
  graphql,
  hono,
  mcp,
  openai,
  rest,
  supabase,
  trpc,
};

/** A client's trial. */
class Stage {
  readonly calls: SeenCall[] = [];
  revokedAt = -Infinity;
  readonly moments = {
    continue: Promise.withResolvers<unknown>(),
    arrived: Promise.withResolvers<unknown>(),
  };
}

/** Starts the API. */
function startApi(issuer: string, jwksUri: string) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const stages = new Map<string, Stage>();
  const findStage = (name: string) => stages.get(name) ?? stages.set(name, new Stage()).get(name)!;

  const server = serve(async (request) => {
    const { pathname, origin, search } = new URL(request.url);
    const [, moment, controlled = ""] = /^\/control\/(\w+)\/(.+)$/.exec(pathname) ?? [];
    if (moment === "calls") return Response.json(findStage(controlled).calls);
    if (moment === "revoke") findStage(controlled).revokedAt = preciseNow();
    else if (moment) {
      const { [moment as "continue"]: told } = findStage(controlled).moments;
      if (moment === "continue") told.resolve(undefined);
      await told.promise;
    }
    if (moment) return new Response();
    const [, place = "", path = ""] = /^\/(\w+\/\w+\/\w+)(.*)$/.exec(pathname) ?? [];
    const [api = "", , trial = ""] = place.split("/");
    const stage = findStage(place);
    const body = await request.bytes();
    const text = () => new TextDecoder().decode(body);
    const [, token = ""] = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
    const { payload } = await verifyToken(token, keys, { issuer, audience: issuer });
    const isOurs = payload !== undefined && readIssuedAt(payload) > stage.revokedAt;
    const { moments } = stage;
    const { method, headers } = request;
    const call: ApiCall = {
      request: new Request(origin + path + search, { method, headers, body: body.length ? body : null }),
      ...{ path, body, text, continued: moments.continue.promise },
      pieces: (contentType, pieces) => respondInPieces(contentType, pieces, moments.continue.promise),
    };
    let response: Response | undefined;
    if (!isOurs && trial !== "keep") {
      response = new Response(null, { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } });
    } else if (trial === "abort") {
      // It never answers.
      moments.arrived.resolve(undefined);
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    } else response = await apis[api]?.(call);
    response ??= new Response(`nothing at ${method} ${path}`, { status: 404 });
    stage.calls.push({ method, path, body: text(), status: response.status, isOurs });
    return response;
  });
  return server;
}

function respondInPieces(contentType: string, [first, second]: readonly [string, string], go: Promise<unknown>) {
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(encoder.encode(first));
      await go;
      controller.enqueue(encoder.encode(second));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": contentType } });
}

const [issuer = "", jwksUri = ""] = Deno.args;
console.log(startApi(issuer, jwksUri).origin);

/**
 * The portable suite's servers, and an HTTP server on loopback that starts them and gets the results. Pages of any
 * origin may use it, for the suite may run in another process, or in a browser.
 *
 * @module
 */

import { answer, json } from "../faults/behaviours.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import {
  type ArrivedRequest,
  type Behaviour,
  type FaultServer,
  startFaultServer,
  type Step,
} from "../servers/fault_server.ts";
import { serve } from "../servers/loopback.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { issues } from "./suite/behaviours.ts";
import { postClientId, realClient } from "./suite/planted.ts";
import type { CaseResult } from "./suite/case.ts";
import { portableCases } from "../faults/token_cases.ts";
import type { Role, Script, SeenRequest } from "./suite/world.ts";

type Origins = Readonly<Record<string, string>>;

/** The servers' behaviours until a scene changes them. */
const usual: Readonly<Record<Role, Behaviour>> = {
  tokens: issues(),
  api: answer("fine"),
  elsewhere: answer("elsewhere"),
};
/** Lets a page read the answer. */
const cors = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" };
const corsLines = Object.entries(cors).map(([name, value]) => `${name}: ${value}\r\n`).join("");

const { clientId, clientSecret: client_secret } = realClient;
const clients = [
  { client_id: clientId, client_secret },
  { client_id: postClientId, client_secret, token_endpoint_auth_method: "client_secret_post" },
];

/** A real authorization server, and APIs that check its tokens. */
export type RealServers = Awaited<ReturnType<typeof startStageServer>>["real"];

/** Starts the real servers, and the one that starts the others. Disposing of it stops all. */
export async function startStageServer() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startAuthorizationServer({ clients }));
  const shortLivedServer = stack.use(await startAuthorizationServer({ clients, lifetime: 2 }));
  const startApi = ({ issuer, jwksUri }: typeof server) =>
    stack.use(startProtectedApi({ issuer, jwksUri, anyOrigin: true }));
  const [api, revoking, shortLivedApi] = [startApi(server), startApi(server), startApi(shortLivedServer)];
  const scenes = stack.use(new AsyncDisposableStack());
  /** Those of the suite that ran. */
  const results: CaseResult[] = [];

  const routes: Readonly<Record<string, (text: string) => unknown>> = {
    "/revoke": () => revoking.revokeAll(),
    "/results": (text) => results.push(...JSON.parse(text)),
    async "/scenes"(text) {
      const scripts: Partial<Record<Role, Script>> = JSON.parse(text);
      const origins: Partial<Record<Role, string>> = {};
      for (const role of ["tokens", "api", "elsewhere"] as const) {
        const server = scenes.use(await startFaultServer());
        origins[role] = server.origin;
        follow(server, { usual: usual[role], ...scripts[role] }, origins);
      }
      return origins;
    },
  };
  const { origin } = stack.use(serve(async (request) => {
    const found = await routes[new URL(request.url).pathname]?.(await request.text());
    return Response.json(found ?? {}, { headers: cors });
  }));
  const real = {
    tokenEndpoint: server.tokenEndpoint,
    /** An API that accepts valid tokens. */
    api: api.origin,
    /** Another one, whose tokens are revoked by a POST to `revoke`. */
    revoking: revoking.origin,
    revoke: `${origin}/revoke`,
    /** Where tokens live for 2 seconds. */
    shortLived: { tokenEndpoint: shortLivedServer.tokenEndpoint, api: shortLivedApi.origin },
  };
  return Object.assign(stack.move(), { origin, results, real });
}

/** Lets a server follow a script, tell its requests, and answer CORS preflights. */
function follow(
  server: FaultServer,
  { when, next = [], usual = answer(), answer: row }: Script,
  origins: Origins,
): void {
  let script = { when, next: [...next], usual };
  const { behaviour } = portableCases.find(({ name }) => name === row) ?? {};
  let count = 0;
  server.always((request) => {
    const { path, headers, body } = request;
    if (isPreflight(request)) {
      return answer("", {
        status: 204,
        length: null,
        headers: {
          ...cors,
          "access-control-allow-methods": headers.get("access-control-request-method") ?? "",
          "access-control-allow-headers": headers.get("access-control-request-headers") ?? "",
        },
      });
    }
    if (path === "/~play") script = { ...script, ...JSON.parse(new TextDecoder().decode(body)) };
    if (path.startsWith("/~")) return json(record(server), { headers: cors });
    const places = { here: server.origin, elsewhere: origins.elsewhere! };
    const named = typeof behaviour === "function" ? behaviour(places) : behaviour;
    const special = script.when && headers.get(script.when.header) === script.when.value && script.when.behaviour;
    return fill(special || script.next.shift() || named || script.usual, String(++count).padStart(3, "0"), origins);
  });
}

function isPreflight({ method, headers }: ArrivedRequest): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

function record(server: FaultServer): { requests: SeenRequest[]; hangUps: number } {
  const requests = server.requests.filter((request) => !isPreflight(request) && !request.path.startsWith("/~"));
  return {
    requests: requests.map(({ method, path, headers, body }) => ({
      method,
      path,
      headers: Object.fromEntries(headers),
      body: Array.from(body, (byte) => String.fromCharCode(byte)).join(""),
    })),
    hangUps: server.hangUps,
  };
}

/** Fills in the request's number and the origins, and adds the CORS headers. */
function fill({ steps, ...rest }: Behaviour, number: string, origins: Origins): Behaviour {
  const fillText = (text: string) =>
    text.replaceAll("{n}", number).replace(/\{(\w+)\}/g, (whole, role) => origins[role] ?? whole)
      .replace(/^HTTP\/\S+ \d+ [^\r]*\r\n/, (line) => line + corsLines);
  // Only what is sent is text.
  const fillStep = (step: Step) => {
    if (typeof step === "string") return step;
    const values = Object.entries(step).map((
      [key, value],
    ) => [key, typeof value === "string" ? fillText(value) : value]);
    return Object.fromEntries(values) as Step;
  };
  return { ...rest, steps: steps.map(fillStep) };
}

/**
 * The portable suite's servers, and an HTTP server on loopback by which the suite controls them. Pages of any origin
 * may use it, for the suite may run in another process, or in a browser.
 *
 * @module
 */

import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { type ArrivedRequest, type Behaviour, type FaultServer, startFaultServer } from "../servers/fault_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { answer } from "../faults/behaviours.ts";
import type { RealServers } from "./suite/case.ts";
import { planted } from "./suite/planted.ts";
import { issues, type Role, type Script, type SeenRequest } from "./suite/world.ts";

/** All servers. Disposing of it stops them. */
export interface StageServer extends AsyncDisposable {
  readonly origin: string;
  readonly real: RealServers;
}

type Servers = Readonly<Record<Role, ScriptedServer>>;

const roles = ["tokens", "api", "elsewhere"] as const;
/** The servers' behaviours until a scene changes them. */
const usual = { tokens: issues(), api: answer("fine"), elsewhere: answer("elsewhere") };
/** Lets a page read the answer. */
const cors = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" };
const corsLines = Object.entries(cors).map(([name, value]) => `${name}: ${value}\r\n`).join("");

const client_secret = planted.secret;
const clients = [
  { client_id: planted.clientId, client_secret },
  { client_id: planted.postClientId, client_secret, token_endpoint_auth_method: "client_secret_post" as const },
];

/** Starts the real servers, and the one that controls the others. */
export async function startStageServer(): Promise<StageServer> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startAuthorizationServer({ clients }));
  const shortLivedServer = stack.use(await startAuthorizationServer({ clients, lifetime: 2 }));
  const startApi = ({ issuer, jwksUri }: typeof server) =>
    stack.use(startProtectedApi({ issuer, jwksUri, anyOrigin: true }));
  const [api, revoking, shortLivedApi] = [startApi(server), startApi(server), startApi(shortLivedServer)];

  const scenes = new Map<string, Servers>();
  stack.defer(async () => {
    for (const scene of scenes.values()) await close(scene);
  });
  /** Handles `/revoke`, `/scenes`, `/scenes/<id>/<role>` and `/scenes/<id>/close`. */
  async function control(path: string, text: string): Promise<unknown> {
    const [, first, id, what] = path.split("/");
    if (first === "revoke") return revoking.revokeAll();
    if (id === undefined) return await open(scenes, JSON.parse(text));
    const scene = scenes.get(id);
    if (what === "close" && scene !== undefined) {
      scenes.delete(id);
      return await close(scene);
    }
    const server = scene?.[what as Role];
    return text === "" ? server?.record() : server?.play(JSON.parse(text));
  }
  const controller = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const text = request.method === "POST" ? await request.text() : "";
    return Response.json(await control(new URL(request.url).pathname, text) ?? {}, { headers: cors });
  });
  stack.defer(() => controller.shutdown());
  const origin = `http://127.0.0.1:${controller.addr.port}`;
  const started = stack.move();
  return {
    origin,
    real: {
      tokenEndpoint: server.tokenEndpoint,
      api: api.origin,
      revoking: revoking.origin,
      revoke: `${origin}/revoke`,
      shortLived: { tokenEndpoint: shortLivedServer.tokenEndpoint, api: shortLivedApi.origin },
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function open(scenes: Map<string, Servers>, scripts: Partial<Record<Role, Script>>) {
  const id = crypto.randomUUID();
  const servers = await Promise.all(roles.map(async (role) => [role, await startFaultServer()] as const));
  const origins = Object.fromEntries(servers.map(([role, { origin }]) => [role, origin]));
  const scene = Object.fromEntries(
    servers.map(([role, server]) =>
      [role, new ScriptedServer(server, { usual: usual[role], ...scripts[role] }, origins)] as const
    ),
  );
  scenes.set(id, scene as Servers);
  return { id, origins };
}

async function close(scene: Servers): Promise<void> {
  await Promise.all(Object.values(scene).map((server) => server[Symbol.asyncDispose]()));
}

/** A fault server that follows a script, and answers CORS preflights. */
class ScriptedServer implements AsyncDisposable {
  readonly #server: FaultServer;
  readonly #origins: Readonly<Record<string, string>>;
  #script: Script = {};
  #next: Behaviour[] = [];
  #count = 0;

  constructor(server: FaultServer, script: Script, origins: Readonly<Record<string, string>>) {
    this.#server = server;
    this.#origins = origins;
    this.play(script);
    server.always((request) => isPreflight(request) ? allow(request) : this.#fill(this.#choose(request)));
  }

  play(script: Script): void {
    this.#script = { ...this.#script, ...script };
    if (script.next) this.#next = [...script.next];
  }

  record(): { requests: SeenRequest[]; hangUps: number } {
    const requests = this.#server.requests.filter((request) => !isPreflight(request)).map((request) => ({
      method: request.method,
      path: request.path,
      headers: Object.fromEntries(request.headers),
      text: new TextDecoder().decode(request.body),
      bytes: Array.from(request.body, (byte) => String.fromCharCode(byte)).join(""),
    }));
    return { requests, hangUps: this.#server.hangUps };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }

  #choose({ headers }: ArrivedRequest): Behaviour {
    const found = this.#script.when?.find(({ header, value }) => headers.get(header) === value);
    return found?.behaviour ?? this.#next.shift() ?? this.#script.usual ?? answer();
  }

  /** Fills in the request's number and the origins, and adds the CORS headers. */
  #fill({ steps, ...rest }: Behaviour): Behaviour {
    const number = String(++this.#count).padStart(3, "0");
    const fill = (text: unknown) =>
      typeof text !== "string" ? text : text.replaceAll("{n}", number)
        .replace(/\{(\w+)\}/g, (whole, role) => this.#origins[role] ?? whole)
        .replace(/^HTTP\/\S+ \d+ [^\r]*\r\n/, (line) => line + corsLines);
    return {
      ...rest,
      steps: steps.map((step) => {
        if (typeof step !== "object") return step;
        return Object.fromEntries(
          Object.entries(step).map(([name, value]) => [name, /send|drip/.test(name) ? fill(value) : value]),
        ) as unknown as typeof step;
      }),
    };
  }
}

function isPreflight({ method, headers }: ArrivedRequest): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

function allow({ headers }: ArrivedRequest): Behaviour {
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

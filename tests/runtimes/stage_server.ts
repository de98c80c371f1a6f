/**
 * The servers that the portable suite has to do with, and the door through which it tells them what to do: plain HTTP
 * on loopback, open to pages of any origin, for the suite may run in another process, or in a browser.
 *
 * @module
 */

import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { type ArrivedRequest, type Behaviour, type FaultServer, startFaultServer } from "../servers/fault_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { answer, json } from "../faults/behaviours.ts";
import type { RealServers } from "./suite/case.ts";
import { planted } from "./suite/planted.ts";
import type { Role, Script, SeenRequest } from "./suite/world.ts";

/** All servers. Disposing of it stops them. */
export interface StageServer extends AsyncDisposable {
  readonly origin: string;
  readonly real: RealServers;
}

const roles = ["tokens", "api", "elsewhere"] as const;

/** What the servers of a scene do unless told otherwise. */
const usual: Readonly<Record<Role, Behaviour>> = {
  tokens: json({ access_token: `${planted.tokenStart}{n}`, token_type: "Bearer", expires_in: 3600 }),
  api: answer("fine"),
  elsewhere: answer("elsewhere"),
};

/** Lets a page read the answer. */
const cors = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" };

/** Starts the real servers, and the door. */
export async function startStageServer(): Promise<StageServer> {
  await using stack = new AsyncDisposableStack();
  const clients = [
    { client_id: planted.clientId, client_secret: planted.secret },
    {
      client_id: planted.postClientId,
      client_secret: planted.secret,
      token_endpoint_auth_method: "client_secret_post" as const,
    },
  ];
  const server = stack.use(await startAuthorizationServer({ clients }));
  const shortLivedServer = stack.use(await startAuthorizationServer({ clients, lifetime: 2 }));
  const [api, revoking] = [server, server].map((issuer) =>
    stack.use(startProtectedApi({ issuer: issuer.issuer, jwksUri: issuer.jwksUri, anyOrigin: true }))
  );
  const { issuer, jwksUri } = shortLivedServer;
  const shortLivedApi = stack.use(startProtectedApi({ issuer, jwksUri, anyOrigin: true }));
  if (api === undefined || revoking === undefined) throw new Error("unreachable");

  const scenes = new Map<string, Record<Role, ScriptedServer>>();
  stack.defer(async () => {
    for (const scene of scenes.values()) await close(scene);
  });
  const door = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const [, first, id = "", what = ""] = new URL(request.url).pathname.split("/");
    const said = request.method === "POST" ? await request.text() : "";
    if (first === "revoke") revoking.revokeAll();
    else if (first === "scenes" && id === "") {
      return Response.json(await open(scenes, JSON.parse(said)), { headers: cors });
    }
    const scene = scenes.get(id);
    const server = scene?.[what as Role];
    if (server !== undefined && said !== "") server.play(JSON.parse(said));
    else if (server !== undefined) return Response.json(server.record(), { headers: cors });
    else if (scene !== undefined && what === "close") {
      scenes.delete(id);
      await close(scene);
    }
    return Response.json({}, { headers: cors });
  });
  const origin = `http://127.0.0.1:${door.addr.port}`;
  stack.defer(() => door.shutdown());
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

async function open(scenes: Map<string, Record<Role, ScriptedServer>>, scripts: Partial<Record<Role, Script>>) {
  const id = crypto.randomUUID();
  const [tokens, api, elsewhere] = await Promise.all(roles.map((role) => ScriptedServer.start(usual[role])));
  if (!tokens || !api || !elsewhere) throw new Error("unreachable");
  const scene = { tokens, api, elsewhere };
  const origins: Record<string, string> = {};
  for (const role of roles) origins[role] = scene[role].origin;
  for (const role of roles) scene[role].play(scripts[role] ?? {}, origins);
  scenes.set(id, scene);
  return { id, origins };
}

async function close(scene: Record<Role, ScriptedServer>): Promise<void> {
  await Promise.all(Object.values(scene).map((server) => server[Symbol.asyncDispose]()));
}

/** A fault server that follows a script, and answers what a browser asks before it sends a request (CORS). */
class ScriptedServer implements AsyncDisposable {
  readonly #server: FaultServer;
  #origins: Record<string, string> = {};
  #next: Behaviour[] = [];
  #when: Script["when"] = [];
  #usual: Behaviour;
  #count = 0;

  private constructor(server: FaultServer, usual: Behaviour) {
    this.#server = server;
    this.#usual = usual;
    server.always((request) => isPreflight(request) ? leave(request) : this.#fill(this.#choose(request)));
  }

  static async start(usual: Behaviour): Promise<ScriptedServer> {
    return new ScriptedServer(await startFaultServer(), usual);
  }

  get origin(): string {
    return this.#server.origin;
  }

  play({ next, when, usual }: Script, origins = this.#origins): void {
    this.#origins = origins;
    if (next) this.#next = [...next];
    if (when) this.#when = when;
    if (usual) this.#usual = usual;
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

  #choose(request: ArrivedRequest): Behaviour {
    const found = this.#when?.find(({ header, value }) => request.headers.get(header) === value);
    return found?.behaviour ?? this.#next.shift() ?? this.#usual;
  }

  #fill({ steps, ...rest }: Behaviour): Behaviour {
    const number = String(++this.#count).padStart(3, "0");
    const fill = (text: string) =>
      text.replaceAll("{n}", number)
        .replace(/\{(\w+)\}/g, (whole, role) => this.#origins[role] ?? whole)
        .replace(/^(HTTP\/\S+ \d+ [^\r]*\r\n)/, (line) => line + headerLines(cors));
    return {
      ...rest,
      steps: steps.map((step) =>
        typeof step === "object" && "send" in step && typeof step.send === "string"
          ? { send: fill(step.send) }
          : typeof step === "object" && "drip" in step && typeof step.drip === "string"
          ? { ...step, drip: fill(step.drip) }
          : step
      ),
    };
  }
}

function isPreflight({ method, headers }: ArrivedRequest): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

function leave({ headers }: ArrivedRequest): Behaviour {
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

function headerLines(headers: Record<string, string>): string {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

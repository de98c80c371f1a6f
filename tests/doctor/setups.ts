/**
 * The table of set-ups: broken ones, each with what the doctor must say of it, and two healthy ones.
 *
 * @module
 */

import type { DiagnosisCode } from "@m2m/authenticator/doctor";
import type { Settings } from "./program.ts";
import { apiSetups } from "./setups_api.ts";
import { clientSetups } from "./setups_client.ts";
import { networkSetups } from "./setups_network.ts";
import { requestSetups } from "./setups_request.ts";
import { serverSetups } from "./setups_server.ts";
import { tokenSetups } from "./setups_token.ts";
import { secret, type Stage } from "./stage.ts";

/** A set-up, and what must be said of it. */
export interface Setup {
  readonly name: string;
  readonly settings: Settings;
  /** What is wrong: the code of the cause, or one of several that tell the same. None: nothing is. */
  readonly code?: DiagnosisCode | readonly DiagnosisCode[];
  /** Whether the code is that of a mere remark: token and call are fine. */
  readonly isRemark?: boolean;
  /** What the advice must have in it, and what the observation. */
  readonly change?: RegExp;
  readonly seen?: RegExp;
  /** Variables of its environment, for which it has a process of its own. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it may reach, on Deno, for which it has a process of its own. */
  readonly permissions?: readonly string[];
  /** The runtimes it is for: `Deno`, `Node`, `Bun`. Default: all. */
  readonly on?: readonly string[];
}

/** The same in a table: name, settings, code, advice, and the rest. */
export type Row = readonly [
  name: string,
  settings: Settings,
  code: Setup["code"],
  change?: RegExp | undefined,
  more?: Pick<Setup, "isRemark" | "seen" | "env" | "permissions" | "on">,
];

/** Lists set-ups; those by a gateway are absent without one. `runtime` names what is the runtime's own at a server. */
export function listSetups(stage: Stage, runtime: string): Setup[] {
  const { servers: { main, mutual, nonces }, apis } = stage;
  /** The settings of a client that works. */
  const base: Settings = {
    endpoint: apis.plain,
    request: "/v1/projects",
    clientId: "my-client",
    clientSecret: secret,
    tokenEndpoint: main.tokenEndpoint,
    scopes: ["api:read"],
    audience: apis.plain,
    // A busy machine isn't one of the faults.
    stepTimeout: 15_000,
  };
  const healthy: Row[] = [
    ["healthy: a secret by Basic", base, undefined],
    ["healthy: a key, and DPoP with nonces", {
      ...base,
      discover: nonces.issuer,
      endpoint: apis.nonces,
      audience: apis.nonces,
      clientId: "by-key",
      auth: { method: "private_key_jwt", key: stage.keys.mine.pem, kid: "kid-of-ES256" },
      dpop: true,
    }, undefined],
    ["healthy: a client certificate, by a private authority", {
      ...base,
      discover: mutual.issuer,
      endpoint: apis.mutual,
      audience: mutual.issuer,
      clientId: "by-certificate",
      auth: { method: "tls_client_auth" },
      verify: stage.authority,
      clientCertificate: stage.certificates.client,
    }, undefined],
    ["healthy: through a proxy", { ...base, httpProxyUrl: stage.proxies.open }, undefined],
  ];
  const tables = [networkSetups, serverSetups, clientSetups, requestSetups, tokenSetups, apiSetups];
  return [...healthy, ...tables.flatMap((list) => list(stage, base, runtime))]
    .map(([name, settings, code, change, more]) => ({
      name,
      settings,
      ...code && { code },
      ...change && { change },
      ...more,
    }))
    .filter(({ on }: Setup) => on?.includes(runtime) ?? true);
}

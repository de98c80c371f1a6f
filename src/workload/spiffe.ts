/**
 * The identity of a workload by SPIFFE: a JWT-SVID in a file.
 *
 * The SPIFFE Workload API is gRPC over a Unix socket. [spiffe-helper](https://github.com/spiffe/spiffe-helper) speaks it,
 * in a process or container beside the program, and keeps the file fresh:
 *
 * ```text
 * agent_address = "/run/spire/sockets/agent.sock"
 * daemon_mode   = true
 * cert_dir      = "/run/svid"
 * jwt_svids     = [{ jwt_audience = "https://auth.example.com", jwt_svid_file_name = "token" }]
 * ```
 *
 * @module
 */

import { readClaims } from "../jwt/read_jwt.ts";
import { createIdentityError, makeIdentity, type Platform, type WorkloadIdentity } from "./identity.ts";
import { readTokenFile } from "./token_file.ts";

export type { WorkloadIdentity } from "./identity.ts";

/** Options of {@linkcode spiffeToken}. */
export interface SpiffeTokenOptions {
  /** The file of the JWT-SVID: spiffe-helper's `cert_dir` and `jwt_svid_file_name`. */
  readonly path: string | URL;
  /** The audience that the JWT-SVID must have; one for another is sent nowhere. Default: it isn't checked. */
  readonly audience?: string | undefined;
}

const spiffe: Platform = {
  name: "spiffe",
  title: "SPIFFE",
  advice: "Let spiffe-helper write a JWT-SVID for the server's audience, and pass its path.",
};

/**
 * Reads a JWT-SVID, each time from its file. On Deno this needs `--allow-read` for the file.
 *
 * Servers that know SPIFFE (Keycloak, say) take it as a client assertion of a type of its own
 * (https://datatracker.ietf.org/doc/draft-ietf-oauth-spiffe-client-auth/), others as any JWT.
 *
 * @example As a client assertion
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { spiffeToken } from "@m2m/authenticator/workload/spiffe";
 *
 * const clientAuth = clientAssertion(spiffeToken({ path: "/run/svid/token" }), {
 *   assertionType: "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe",
 *   method: "spiffe_jwt",
 * });
 * console.log(clientAuth.method); // spiffe_jwt
 * ```
 *
 * @param options The file, and its audience.
 * @returns The identity. It rejects if the JWT's `sub` is no SPIFFE ID.
 * @throws {TypeError} If the path is empty.
 */
export function spiffeToken(options: SpiffeTokenOptions): WorkloadIdentity {
  const read = readTokenFile(spiffe, options.path, options.audience);
  return makeIdentity(spiffe, "the file of a JWT-SVID", async () => {
    const jwt = await read();
    if (String(readClaims(jwt).sub).startsWith("spiffe://")) return jwt;
    throw createIdentityError(spiffe, "the file's JWT is no JWT-SVID, for its sub is no SPIFFE ID");
  });
}

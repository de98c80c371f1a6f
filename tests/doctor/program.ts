/**
 * Diagnoses set-ups: a program whose last argument is the path of a JSON file with them. It prints a line of JSON for each
 * result, in any order.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { type ClientAuth, none, StaticClientConfigStore } from "@m2m/authenticator";
import { clientSecretPost } from "@m2m/authenticator";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { type PrivateKeyAlgorithm, privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { diagnose, type DiagnoseOptions, type Diagnosis, formatDiagnosis } from "@m2m/authenticator/doctor";
import { dpop } from "@m2m/authenticator/dpop";

type Plain = "endpoint" | "request" | "clientId" | "basicEncoding" | "scopes" | "audience" | "resource" | "verify";
type More = "optionNames" | "httpProxyUrl" | "clientCertificate" | "headerKey" | "stepTimeout" | "maxTokenRequests";

/** Options that can be written as JSON. */
export interface Settings extends Partial<Pick<DiagnoseOptions, Plain | More>> {
  clientSecret?: string | undefined;
  /** How the client authenticates in place of a secret by Basic. */
  auth?: {
    method: "none" | "client_secret_post" | "client_secret_jwt" | "private_key_jwt" | "tls_client_auth";
    secret?: string;
    key?: string;
    kid?: string;
    alg?: PrivateKeyAlgorithm;
  } | undefined;
  tokenEndpoint?: string | undefined;
  issuer?: string | undefined;
  /** The issuer, where the settings are to be discovered. */
  discover?: string | undefined;
  dpop?: boolean | undefined;
  /** How far all of the client's clocks are ahead, in milliseconds. */
  clockAhead?: number | undefined;
  /** Whether the secret comes from a function that throws. */
  hasNoSecret?: boolean | undefined;
}

/** What a program says of a set-up. */
export interface Result {
  name: string;
  diagnosis?: Diagnosis | undefined;
  /** As a person gets it. */
  page?: string | undefined;
  /** What `diagnose` threw. */
  thrown?: string | undefined;
  /** How long it took, in milliseconds. */
  duration: number;
  /** What it had announced: each step, each check. */
  steps: number;
  announced: number;
}

function readAuth({ auth }: Settings, clock: { wall(): number }): ClientAuth | undefined {
  switch (auth?.method) {
    case "client_secret_post":
      return clientSecretPost(auth.secret!);
    case "client_secret_jwt":
      return clientSecretJwt(auth.secret!, { clock });
    case "private_key_jwt": {
      const { key, kid, alg } = auth;
      // By a function, so that a key which can't be used is found when it is used.
      return privateKeyJwt(() => key!, { clock, ...kid && { kid }, ...alg && { alg } });
    }
    case "tls_client_auth":
      return tlsClientAuth();
    case "none":
      return none();
  }
}

function readOptions(settings: Settings): DiagnoseOptions {
  const { clientSecret, auth: _, tokenEndpoint = "", issuer, discover, clockAhead = 0, ...others } = settings;
  const { dpop: usesDpop, hasNoSecret, scopes, audience, ...options } = others;
  const clock = { wall: () => Date.now() + clockAhead, monotonic: () => performance.now() };
  const clientAuth = readAuth(settings, clock);
  const overrides = { ...scopes && { scopes }, ...audience && { audience } };
  const secret = hasNoSecret ? () => readFile("/nowhere/secret", "utf8") : clientSecret;
  return {
    ...options,
    ...clientAuth ? { clientAuth } : secret !== undefined && { clientSecret: secret },
    configStore: discover
      ? new DiscoveryClientConfigStore(discover, { overrides })
      : new StaticClientConfigStore({ tokenEndpoint, ...issuer && { issuer }, ...overrides }),
    ...usesDpop && { dpop: dpop({ clock }) },
    ...clockAhead !== 0 && { clock },
  } as DiagnoseOptions;
}

async function examine(name: string, settings: Settings): Promise<Result> {
  const start = performance.now();
  let [steps, announced] = [0, 0];
  const count = { onStep: () => void steps++, onCheck: () => void announced++ };
  const outcome = await diagnose({ ...readOptions(settings), ...count }).then(
    (diagnosis) => ({ diagnosis, page: formatDiagnosis(diagnosis) }),
    (error) => ({ thrown: String(error?.stack ?? error) }),
  );
  return { name, ...outcome, duration: performance.now() - start, steps, announced };
}

/** Diagnoses all, several at a time. */
async function main(path: string): Promise<void> {
  const setups: [name: string, settings: Settings][] = JSON.parse(await readFile(path, "utf8"));
  const worker = async () => {
    for (let next = setups.shift(); next !== undefined; next = setups.shift()) {
      console.log(JSON.stringify(await examine(...next)));
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

await main(argv.at(-1)!);

/**
 * Calls an API that wants bound tokens, proofs and nonces, with a key for every algorithm that a runtime knows: for
 * runtimes that get one file and an address.
 *
 * @module
 */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { dpop, type DpopOptions, type PrivateKeyAlgorithm } from "@m2m/authenticator/dpop";
import { generateKeyPair } from "jose";

/** What a program is told. */
export interface ProgramInput {
  readonly api: string;
  readonly tokenEndpoint: string;
}

/** By algorithm and kind of call: the token's type and the status, or what went wrong. */
export type ProgramOutput = Record<string, string>;

/** By which keys are made. */
export const algorithms: readonly PrivateKeyAlgorithm[] = [
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "RS256", "PS256"] as const,
];

/** The calls; the first of each key learns the API's nonce with its body on it. */
export const calls: Readonly<Record<string, (url: string) => [string | Request, RequestInit?]>> = {
  "text": () => ["/x", { method: "POST", body: "a body" }],
  "a form": () => {
    const form = new FormData();
    form.set("name", "Apollo");
    return ["/x", { method: "PUT", body: form, headers: new Headers({ "x-own": "1" }) }];
  },
  "a Request": (url) => [new Request(url, { method: "POST", body: "a body" })],
  "a method in small letters": () => ["/x", { method: "put", body: "a body" }],
  "no body": (url) => [`${url}?page=2`],
};

export async function tryCalls({ api, tokenEndpoint }: ProgramInput): Promise<ProgramOutput> {
  const output: ProgramOutput = {};
  for (const alg of algorithms) {
    for (const [kind, make] of Object.entries(calls)) {
      const what = `${alg}, ${kind}`;
      try {
        // One that is handed over is tried first, by the runtime's own means.
        const keyPair = kind === "no body" ? () => generateKeyPair(alg) : undefined;
        const authenticator = build({ api, tokenEndpoint }, { alg, keyPair });
        const statuses: number[] = [];
        for (let i = 0; i < 2; i++) {
          const response = await authenticator.fetch(...make(`${api}/x`));
          await response.text();
          statuses.push(response.status);
        }
        output[what] = `${authenticator.credentials?.tokenType} ${statuses}`;
      } catch (error) {
        output[what] = String(error);
      }
    }
  }
  return output;
}

export function build(
  { api, tokenEndpoint }: ProgramInput,
  options: DpopOptions = {},
): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({
    endpoint: api,
    clientId: "bound",
    clientSecret: "secret",
    configStore: new StaticClientConfigStore({ tokenEndpoint, scopes: ["api:read"] }),
    dpop: dpop(options),
  });
}

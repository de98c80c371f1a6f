/**
 * Calls an API that wants bound tokens, proofs and nonces, with a key for every algorithm of a runtime.
 *
 * @module
 */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { dpop, type DpopOptions } from "@m2m/authenticator/dpop";
import { generateKeyPair } from "jose";

/** The servers. */
export interface ProgramInput {
  readonly api: string;
  readonly tokenEndpoint: string;
}

/** By algorithm and kind of call: the token's type and the statuses, or the error. */
export type ProgramOutput = Record<string, string>;

export const algorithms = ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "RS256", "PS256"] as const;

/** The calls. The first with each key is repeated with the API's nonce. */
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
        // A given pair is checked first, by a signature.
        const keyPair = kind === "no body" ? () => generateKeyPair(alg) : undefined;
        const authenticator = makeClient({ api, tokenEndpoint }, { alg, keyPair });
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

export function makeClient(
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

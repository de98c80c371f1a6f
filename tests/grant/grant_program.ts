/**
 * Both grants against a real server, with what belongs to them, and the tokens given back in the end: for runtimes that
 * get one file and an address.
 *
 * @module
 */

import { StaticClientConfigStore } from "@m2m/authenticator";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
import { tokenRevocation } from "@m2m/authenticator/revocation";

/** What a program is told. */
export interface ProgramInput {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  readonly api: string;
  readonly clientSecret: string;
  /** Who vouches, and by which key. */
  readonly voucher: string;
  readonly pem: string;
}

/** By what was done: what came of it, or what went wrong. */
export type ProgramOutput = Record<string, unknown>;

export async function tryGrants(input: ProgramInput): Promise<ProgramOutput> {
  const output: ProgramOutput = {};
  const attempt = async (what: string, work: () => unknown) => {
    try {
      output[what] = await work();
    } catch (error) {
      output[what] = String(error);
    }
  };
  const settings = {
    endpoint: input.api,
    clientId: "service",
    clientSecret: input.clientSecret,
    scopes: ["api:read"],
    configStore: new StaticClientConfigStore(input),
    revocation: tokenRevocation(),
  };
  const bearer = new JwtBearerAuthenticator({
    ...settings,
    assertion: signedAssertion(input.pem, { iss: input.voucher, sub: "ada" }),
  });
  const exchange = new TokenExchangeAuthenticator({
    ...settings,
    subjectToken: async () => (await bearer.getCredentials()).accessToken,
  });
  const getStatus = async (response: Response) => (await response.body?.cancel(), response.status);
  await attempt("JWT bearer", async () => await getStatus(await bearer.fetch("/")));
  await attempt("another token", async () => (await bearer.with({ scopes: ["api:write"] }).getCredentials()).scope);
  await attempt("token exchange", async () => await getStatus(await exchange.fetch("/")));
  await attempt("the first ones given back", () => bearer.close());
  await attempt("a subject of nobody's", async () => {
    const refused = new TokenExchangeAuthenticator({ ...settings, subjectToken: "a-token-of-nobody" });
    return (await refused.getCredentials()).tokenType;
  });
  await attempt("the last one given back", () => exchange.close());
  return output;
}

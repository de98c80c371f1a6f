/** Both grants, and revocation: as a program whose last argument is the input, or as a worker. @module */
import { StaticClientConfigStore } from "@m2m/authenticator";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
import { tokenRevocation } from "@m2m/authenticator/revocation";

declare const process: { readonly argv?: readonly string[] } | undefined;

/** The servers, and the key that signs assertions. */
export interface ProgramInput {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  readonly api: string;
  readonly clientSecret: string;
  /** The assertions' issuer. */
  readonly voucher: string;
  readonly pem: string;
}

/** Tries both grants: the results, or errors. */
export async function tryGrants(input: ProgramInput): Promise<Record<string, unknown>> {
  const settings = {
    endpoint: input.api,
    clientId: "service",
    clientSecret: input.clientSecret,
    scopes: ["api:read"],
    configStore: new StaticClientConfigStore(input),
    revocation: tokenRevocation(),
  };
  const assertion = signedAssertion(input.pem, { iss: input.voucher, sub: "ada" });
  const bearer = new JwtBearerAuthenticator({ ...settings, assertion });
  const subjectToken = async () => (await bearer.getCredentials()).accessToken;
  const exchange = new TokenExchangeAuthenticator({ ...settings, subjectToken });
  const unknown = new TokenExchangeAuthenticator({ ...settings, subjectToken: "an-unknown-token" });
  const getStatus = async (response: Promise<Response>) => {
    await (await response).body?.cancel();
    return (await response).status;
  };
  const steps: Record<string, () => unknown> = {
    "JWT bearer": () => getStatus(bearer.fetch("/")),
    "another scope": async () => (await bearer.with({ scopes: ["api:write"] }).getCredentials()).scope,
    "token exchange": () => getStatus(exchange.fetch("/")),
    "revocation of two tokens": () => bearer.close(),
    "an unknown subject": () => unknown.getCredentials(),
    "revocation of a token": () => exchange.close(),
  };
  const output: Record<string, unknown> = {};
  for (const [name, run] of Object.entries(steps)) {
    output[name] = await Promise.resolve().then(run).catch(String);
  }
  return output;
}

const told = typeof process === "undefined" ? undefined : process.argv?.at(-1);
const isProgram = told?.startsWith("{") ?? false;
if (isProgram) console.log(JSON.stringify(await tryGrants(JSON.parse(told!))));

// Bun would start a server for a program with this export.
export default isProgram ? undefined : {
  fetch: async (request: Request) => Response.json(await tryGrants(await request.json())),
};

/**
 * Every way to prove oneself, and to say what a token is for, each alone: with a call of an API in the end, and with what
 * comes of it if something is wrong. For runtimes that get one file and an address.
 *
 * @module
 */

import {
  type AuthenticationError,
  type Authenticator,
  type AuthenticatorEvent,
  type AuthenticatorOptions,
  type ClientAuth,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
  none,
  type SecretAttempt,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { dpop } from "@m2m/authenticator/dpop";
import { JwtBearerAuthenticator, type JwtBearerAuthenticatorOptions } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { importPKCS8, SignJWT } from "jose";

/** A server, and an API that takes its tokens. */
interface Place {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly api: string;
}

/** What a program is told. */
export interface ProgramInput {
  /** The API takes tokens for the issuer, which are given where none says otherwise. */
  readonly plain: Place;
  /** Another API of that server, which takes tokens for itself. */
  readonly otherApi: string;
  /** Where both want nonces. */
  readonly nonces: Place;
  /** Where tokens say nothing, and can be given back. It takes `client_secret_basic` alone. */
  readonly opaque: Place & { readonly revocationEndpoint: string };
  /** Of any characters; and one that the server reads as it is. */
  readonly secret: string;
  readonly rawSecret: string;
  readonly wrongSecret: string;
  readonly pem: string;
  readonly wrongPem: string;
  /** Whose word the server takes, by the first key. */
  readonly voucher: string;
}

/** What came of what was wrong. */
export interface Refusal {
  readonly error: readonly [name: string, code: string, status: number, error: string, retryable: boolean];
  /** All that can be printed of it, of the authenticator and of its events. */
  readonly printed: string;
  /** The token that the authenticator has nevertheless. */
  readonly token: string | undefined;
}

/** What came of one method. */
export interface Outcome {
  /** What the API answered, and what else is worth telling; or what went wrong. */
  readonly accepted: unknown;
  /** By what was wrong. */
  readonly refused: Readonly<Record<string, Refusal | "nothing">>;
}

/** By row of the table. */
export type ProgramOutput = Readonly<Record<string, Outcome>>;

type Options = Partial<ClientCredentialsAuthenticatorOptions>;
type Listening = Pick<AuthenticatorOptions, "onEvent">;

/** Makes an authenticator that gets no token. */
type Make = (listening: Listening) => Authenticator | Promise<Authenticator>;

interface Attempt {
  /** Absent where the server takes it in no way. */
  accepted?(): Promise<unknown>;
  /** By what is wrong. */
  readonly refused: Readonly<Record<string, Make>>;
}

/** Tries one after the other. */
export async function tryEveryMethod(input: ProgramInput): Promise<ProgramOutput> {
  const output: Record<string, Outcome> = {};
  for (const [row, attempt] of Object.entries(attempts(input))) {
    const refused: Record<string, Refusal | "nothing"> = {};
    for (const [what, make] of Object.entries(attempt.refused)) refused[what] = await refusal(make);
    output[row] = { accepted: await attempt.accepted?.().catch(String), refused };
  }
  return output;
}

async function refusal(make: Make): Promise<Refusal | "nothing"> {
  const events: AuthenticatorEvent[] = [];
  const authenticator = await make({ onEvent: (event) => void events.push(event) });
  try {
    await authenticator.getCredentials();
    await authenticator.close();
    return "nothing";
  } catch (thrown) {
    const error = thrown as AuthenticationError;
    const texts = [error, error.cause, events, authenticator].flatMap((each) => [String(each), JSON.stringify(each)]);
    const { name, code, status = 0, error: word = "", retryable } = error;
    return {
      error: [name, code, status, word, retryable],
      printed: [...texts, error.message, error.stack, error.error_description].join("\n"),
      token: authenticator.credentials?.accessToken,
    };
  }
}

function attempts(input: ProgramInput): Readonly<Record<string, Attempt>> {
  const { plain, otherApi, nonces, opaque, secret, rawSecret, wrongSecret, pem, wrongPem, voucher } = input;
  const client = (clientId: string, options: Options, place = plain) =>
    new ClientCredentialsAuthenticator({
      endpoint: place.api,
      clientId,
      scopes: ["api:read"],
      configStore: new StaticClientConfigStore(place),
      ...options,
    });
  const bySecret = (options: Options, place = plain) => client("by Basic", { clientSecret: secret, ...options }, place);
  const byAuth = (clientId: string, clientAuth: ClientAuth, options: Options = {}) =>
    client(clientId, { clientAuth, ...options });
  const bearer = (signer: string, options: Partial<JwtBearerAuthenticatorOptions>) =>
    new JwtBearerAuthenticator({
      endpoint: plain.api,
      clientId: "by Basic",
      scopes: ["api:read"],
      configStore: new StaticClientConfigStore(plain),
      ...options,
      assertion: signedAssertion(signer, { iss: voucher, sub: "ada" }),
    });
  const exchange = (subjectToken: () => string | Promise<string>, options: Listening = {}) =>
    new TokenExchangeAuthenticator({
      endpoint: plain.api,
      clientId: "by Basic",
      clientSecret: secret,
      scopes: ["api:read"],
      configStore: new StaticClientConfigStore(plain),
      ...options,
      subjectToken,
    });
  const ago = (milliseconds: number) => ({ wall: () => Date.now() - milliseconds });
  const unknown = "https://unknown.test";

  return {
    "`client_secret_basic`, a secret of any characters": {
      accepted: () => call(bySecret({})),
      refused: { "another secret": (on) => bySecret({ ...on, clientSecret: wrongSecret }) },
    },
    '`client_secret_basic`, `basicEncoding: "raw"`': {
      accepted: () => call(client("raw", { clientSecret: rawSecret, basicEncoding: "raw" })),
      refused: {
        "a secret that is read otherwise": (on) => client("raw", { ...on, clientSecret: secret, basicEncoding: "raw" }),
      },
    },
    "`client_secret_post`": {
      accepted: () => call(byAuth("by post", clientSecretPost(secret))),
      refused: { "another secret": (on) => byAuth("by post", clientSecretPost(wrongSecret), on) },
    },
    "`client_secret_jwt`": {
      accepted: () => call(byAuth("by HMAC", clientSecretJwt(secret))),
      refused: {
        "another secret": (on) => byAuth("by HMAC", clientSecretJwt(wrongSecret), on),
        "another algorithm": (on) => byAuth("by HMAC", clientSecretJwt(secret, { alg: "HS512" }), on),
      },
    },
    "`private_key_jwt`": {
      accepted: () => call(byAuth("by key", privateKeyJwt(pem))),
      refused: {
        "another key": (on) => byAuth("by key", privateKeyJwt(wrongPem), on),
        "another audience": (on) => byAuth("by key", privateKeyJwt(pem, { audience: unknown }), on),
        "a stale assertion": (on) => byAuth("by key", privateKeyJwt(pem, { clock: ago(600_000) }), on),
      },
    },
    "a ready assertion": {
      accepted: () => call(byAuth("by key", clientAssertion(() => ready(pem, plain.issuer)))),
      refused: {
        "the same once more": async (on) => {
          const assertion = await ready(pem, plain.issuer);
          await byAuth("by key", clientAssertion(() => assertion)).getCredentials();
          return byAuth("by key", clientAssertion(() => assertion), on);
        },
      },
    },
    "`none`": {
      accepted: () => call(bearer(pem, { clientId: "public", clientAuth: none() })),
      refused: { "a client that has a secret": (on) => bearer(pem, { ...on, clientAuth: none() }) },
    },
    "a secret that is being replaced": {
      accepted: async () => {
        const secrets = rotatingSecrets([wrongSecret, secret]);
        const afterRefusal: boolean[] = [];
        const clientSecret = (attempt?: SecretAttempt) => {
          afterRefusal.push(attempt?.refused === wrongSecret);
          return secrets(attempt);
        };
        return [await call(bySecret({ clientSecret })), ...afterRefusal];
      },
      refused: {
        "two wrong ones": (on) =>
          bySecret({ ...on, clientSecret: rotatingSecrets([wrongSecret, `${wrongSecret}-too`]) }),
      },
    },
    "`audience`": {
      accepted: () => call(bySecret({ endpoint: otherApi, audience: otherApi })),
      refused: { "an unknown one": (on) => bySecret({ ...on, audience: unknown }) },
    },
    "`resource`, one": {
      accepted: () => call(bySecret({ endpoint: otherApi, resource: otherApi })),
      refused: { "an unknown one": (on) => bySecret({ ...on, resource: unknown }) },
    },
    "`resource`, two": {
      refused: { "both": (on) => bySecret({ ...on, resource: [plain.issuer, otherApi] }) },
    },
    "`parameters`, once and repeated": {
      accepted: () => call(bySecret({ parameters: { organization: "org_7", hint: ["a", "b"] } })),
      refused: {},
    },
    "`authorizationDetails`": {
      accepted: async () => {
        const authenticator = bySecret({ authorizationDetails: [{ type: "payment", amount: "7" }] });
        return [await call(authenticator), claims(authenticator).authorization_details];
      },
      refused: { "an unknown type": (on) => bySecret({ ...on, authorizationDetails: [{ type: "unknown" }] }) },
    },
    "`beforeTokenRequest`": {
      accepted: () =>
        call(bySecret({
          beforeTokenRequest(request) {
            request.headers.set("x-gateway-key", "7");
            request.body.set("customized", "yes");
          },
        })),
      refused: {
        "it takes the proof away": (on) =>
          bySecret({ ...on, beforeTokenRequest: (request) => request.headers.delete("authorization") }),
        "it throws": (on) =>
          bySecret({ ...on, beforeTokenRequest: () => Promise.reject(new Error("the vault is down")) }),
      },
    },
    "`with()`, two audiences": {
      accepted: async () => {
        const first = bySecret({ audience: plain.issuer });
        const second = first.with({ endpoint: otherApi, audience: otherApi });
        return [await call(first), await call(second), first.with({ audience: plain.issuer }) === first];
      },
      refused: { "an unknown one": (on) => bySecret(on).with({ audience: unknown }) },
    },
    "discovery, and the methods it names": {
      accepted: () => call(bySecret({ configStore: new DiscoveryClientConfigStore(plain.issuer) })),
      refused: {
        "a method that isn't named": (on) =>
          byAuth("by Basic", clientSecretPost(secret), {
            ...on,
            configStore: new DiscoveryClientConfigStore(opaque.issuer),
          }),
      },
    },
    "revocation by `close()`": {
      accepted: async () => {
        const authenticator = bySecret({ revocation: tokenRevocation() }, opaque);
        const status = await call(authenticator);
        const authorization = `Bearer ${authenticator.credentials?.accessToken}`;
        await authenticator.close();
        return [status, await statusOf(fetch(opaque.api, { headers: { authorization } }))];
      },
      refused: {
        "an endpoint that is none": (on) =>
          bySecret({ ...on, revocation: tokenRevocation({ endpoint: opaque.tokenEndpoint }) }, opaque),
      },
    },
    "DPoP": {
      accepted: () => callBound(client("bound", { clientSecret: secret, dpop: dpop() }), plain.api),
      refused: {
        "a stale proof": (on) => client("bound", { ...on, clientSecret: secret, dpop: dpop({ clock: ago(600_000) }) }),
        "no proof": (on) => client("bound", { ...on, clientSecret: secret }),
      },
    },
    "DPoP, where server and API want nonces": {
      accepted: () => callBound(client("bound", { clientSecret: secret, dpop: dpop() }, nonces), nonces.api),
      refused: { "no proof": (on) => client("bound", { ...on, clientSecret: secret }, nonces) },
    },
    "JWT bearer": {
      accepted: async () => {
        const authenticator = bearer(pem, { clientSecret: secret });
        return [await call(authenticator), claims(authenticator).on_behalf_of];
      },
      refused: { "another key": (on) => bearer(wrongPem, { ...on, clientSecret: secret }) },
    },
    "token exchange": {
      accepted: async () => {
        const subject = bearer(pem, { clientSecret: secret });
        const authenticator = exchange(async () => (await subject.getCredentials()).accessToken);
        return [await call(authenticator), claims(authenticator).on_behalf_of];
      },
      refused: { "a token of nobody's": (on) => exchange(() => `planted.token-of-nobody.${wrongSecret}`, on) },
    },
  };
}

async function call(authenticator: Authenticator): Promise<number> {
  return await statusOf(authenticator.fetch("/v1/projects"));
}

/** What the API answers to a bound token: with its key, as if it weren't bound, and without a proof. */
async function callBound(authenticator: Authenticator, api: string): Promise<unknown[]> {
  const status = await call(authenticator);
  const { tokenType, accessToken } = await authenticator.getCredentials();
  const stolen = (scheme: string) => statusOf(fetch(api, { headers: { authorization: `${scheme} ${accessToken}` } }));
  return [tokenType, status, await stolen("Bearer"), await stolen("DPoP")];
}

async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.text();
  return response.status;
}

function claims({ credentials }: Authenticator): Record<string, unknown> {
  const [, payload = ""] = credentials?.accessToken.split(".") ?? [];
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
}

/** An assertion as a platform makes it. */
async function ready(pem: string, audience: string): Promise<string> {
  return await new SignJWT({ jti: crypto.randomUUID() }).setProtectedHeader({ alg: "ES256" })
    .setIssuer("by key").setSubject("by key").setAudience(audience).setExpirationTime("1 minute")
    .sign(await importPKCS8(pem, "ES256"));
}

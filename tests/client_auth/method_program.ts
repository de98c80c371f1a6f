/**
 * Tries every method of client authentication, and every parameter of a token request, with a call of an API, and each
 * with errors. For all runtimes.
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
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { importPKCS8, SignJWT } from "jose";

/** A server, and an API that accepts its tokens. */
interface Place {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly api: string;
}

export interface ProgramInput {
  /** The API accepts tokens for the issuer, the default audience. */
  readonly plain: Place;
  /** Another API of that server, which accepts tokens for itself. */
  readonly otherApi: string;
  /** Both want nonces. */
  readonly nonces: Place;
  /** Tokens are opaque, and can be revoked; the server accepts `client_secret_basic` only. */
  readonly opaque: Place & { readonly revocationEndpoint: string };
  /** With all characters; `rawSecret` with those that the server reads as they are. */
  readonly secret: string;
  readonly rawSecret: string;
  readonly wrongSecret: string;
  readonly pem: string;
  readonly wrongPem: string;
  /** The same key, with the right key's `kid`. */
  readonly wrongJwk: JsonWebKey;
  readonly rsaPem: string;
  /** The issuer of JWT bearer assertions that the server trusts. */
  readonly voucher: string;
}

type ErrorFacts = readonly [name: string, code: string, status: number, error: string, retryable: boolean];

export interface Refusal {
  readonly error: ErrorFacts;
  /** All that can be printed of the error, the authenticator and its events. */
  readonly printed: string;
  /** A token that the authenticator has nevertheless. */
  readonly token: string | undefined;
}

export interface Outcome {
  readonly accepted: unknown;
  readonly refused: Readonly<Record<string, Refusal | "nothing">>;
}

export type ProgramOutput = Readonly<Record<string, Outcome>>;

type Options = Partial<ClientCredentialsAuthenticatorOptions>;
/** Makes an authenticator, with a listener if given. */
type Make<T = Authenticator | Promise<Authenticator>> = (on?: Pick<AuthenticatorOptions, "onEvent">) => T;

/** A method: the attempt that succeeds, its result, and attempts that fail with an error. */
type Row = readonly [
  accepted: (() => Promise<unknown>) | undefined,
  expected: unknown,
  refused: Readonly<Record<string, readonly [ErrorFacts, Make]>>,
];

export async function tryEveryMethod(input: ProgramInput): Promise<ProgramOutput> {
  const output: Record<string, Outcome> = {};
  for (const [name, [accepted, , attempts]] of Object.entries(makeRows(input))) {
    const refused: Record<string, Refusal | "nothing"> = {};
    for (const [what, [, make]] of Object.entries(attempts)) refused[what] = await getRefusal(make);
    output[name] = { accepted: await accepted?.().catch(String), refused };
  }
  return output;
}

async function getRefusal(make: Make): Promise<Refusal | "nothing"> {
  const events: AuthenticatorEvent[] = [];
  const authenticator = await make({ onEvent: (event) => void events.push(event) });
  try {
    await authenticator.getCredentials();
    await authenticator.close();
    return "nothing";
  } catch (thrown) {
    const error = thrown as AuthenticationError;
    const { Deno } = globalThis as { Deno?: { inspect(value: unknown, options: object): string } };
    const inspect = (value: unknown) => Deno?.inspect(value, { depth: 10, showHidden: true, getters: true });
    const values = [error, error.cause, events, authenticator];
    const texts = values.flatMap((each) => [String(each), JSON.stringify(each), inspect(each)]);
    const { name, code, status = 0, error: word = "", retryable } = error;
    return {
      error: [name, code, status, word, retryable],
      printed: [...texts, error.message, error.stack, error.error_description].join("\n"),
      token: authenticator.credentials?.accessToken,
    };
  }
}

const refuse = (
  status: number,
  error: string,
): ErrorFacts => ["AuthenticationError", "token_request_rejected", status, error, false];
const fail = (code: string): ErrorFacts => ["AuthenticationError", code, 0, "", false];
const badClient = refuse(401, "invalid_client");
const badRequest = refuse(400, "invalid_request");
const badGrant = refuse(400, "invalid_grant");
const badTarget = refuse(400, "invalid_target");
const boundOnly = ["DPoP", 200, 401, 401];
const ago = (milliseconds: number) => ({ clock: { wall: () => Date.now() - milliseconds } });
const unknown = "https://unknown.test";

export function makeRows(input: ProgramInput): Readonly<Record<string, Row>> {
  const { plain, otherApi, nonces, opaque, secret, rawSecret, wrongSecret, pem, wrongPem, voucher } = input;
  const common = { endpoint: plain.api, scopes: ["api:read"], configStore: new StaticClientConfigStore(plain) };
  const client =
    (clientId: string, options: Options, place = plain): Make<ClientCredentialsAuthenticator> => (on = {}) => {
      const configStore = new StaticClientConfigStore(place);
      return new ClientCredentialsAuthenticator({
        ...common,
        endpoint: place.api,
        configStore,
        clientId,
        ...options,
        ...on,
      });
    };
  const bySecret = (options: Options = {}, place = plain) =>
    client("by Basic", { clientSecret: secret, ...options }, place);
  const byAuth = (clientId: string, clientAuth: ClientAuth, options: Options = {}) =>
    client(clientId, { clientAuth, ...options });
  const byKey = (...args: Parameters<typeof privateKeyJwt>) => byAuth("by key", privateKeyJwt(...args));
  const byHmac = (...args: Parameters<typeof clientSecretJwt>) => byAuth("by HMAC", clientSecretJwt(...args));
  const bound = (options: Options, place = plain) => client("bound", { clientSecret: secret, ...options }, place);
  const bearer =
    (signer: string, options: Options = { clientSecret: secret }): Make<JwtBearerAuthenticator> => (on) => {
      const assertion = signedAssertion(signer, { iss: voucher, sub: "ada" });
      return new JwtBearerAuthenticator({ ...common, clientId: "by Basic", ...options, ...on, assertion });
    };
  const exchange = (subjectToken: () => string | Promise<string>): Make<TokenExchangeAuthenticator> => (on) =>
    new TokenExchangeAuthenticator({ ...common, clientId: "by Basic", clientSecret: secret, ...on, subjectToken });

  return {
    "`client_secret_basic`, a secret of any characters": [() => call(bySecret()), 200, {
      "another secret": [badClient, bySecret({ clientSecret: wrongSecret })],
    }],
    '`client_secret_basic`, `basicEncoding: "raw"`': [
      () => call(client("raw", { clientSecret: rawSecret, basicEncoding: "raw" })),
      200,
      { "a secret to be decoded": [badRequest, client("raw", { clientSecret: secret, basicEncoding: "raw" })] },
    ],
    "`client_secret_post`": [() => call(byAuth("by post", clientSecretPost(secret))), 200, {
      "another secret": [badClient, byAuth("by post", clientSecretPost(wrongSecret))],
    }],
    "`client_secret_jwt`": [() => call(byHmac(secret)), 200, {
      "another secret": [badClient, byHmac(wrongSecret)],
      "another algorithm": [badClient, byHmac(secret, { alg: "HS512" })],
      "another audience": [badClient, byHmac(secret, { audience: unknown })],
      "an expired assertion": [badClient, byHmac(secret, ago(600_000))],
    }],
    "`private_key_jwt`": [() => call(byKey(pem)), 200, {
      "another key": [badClient, byKey(wrongPem)],
      "another key with the right kid": [badClient, byKey(input.wrongJwk)],
      "an unknown kid": [badClient, byKey(pem, { kid: "unknown" })],
      "another algorithm": [badClient, byKey(input.rsaPem, { alg: "RS256" })],
      "another audience": [badClient, byKey(pem, { audience: unknown })],
      "an expired assertion": [badClient, byKey(pem, ago(600_000))],
      "an assertion of tomorrow": [badClient, byKey(pem, ago(-86_400_000))],
      "another client": [badClient, byAuth("by HMAC", privateKeyJwt(pem))],
      "an unknown client": [badClient, byAuth("unknown", privateKeyJwt(pem))],
    }],
    "a ready assertion": [() => call(byAuth("by key", clientAssertion(() => sign(pem, plain.issuer)))), 200, {
      "the same again": [badClient, async (on) => {
        const assertion = await sign(pem, plain.issuer);
        const make = byAuth("by key", clientAssertion(() => assertion));
        await make().getCredentials();
        return make(on);
      }],
    }],
    "`none`": [() => call(bearer(pem, { clientId: "public", clientAuth: none() })), 200, {
      "a client that has a secret": [badClient, bearer(pem, { clientAuth: none() })],
    }],
    "rotating secrets": [
      async () => {
        const secrets = rotatingSecrets([wrongSecret, secret]);
        const afterRefusal: boolean[] = [];
        const clientSecret = (attempt?: SecretAttempt) => {
          afterRefusal.push(attempt?.refused === wrongSecret);
          return secrets(attempt);
        };
        return [await call(bySecret({ clientSecret })), ...afterRefusal];
      },
      [200, false, true],
      {
        "two wrong ones": [badClient, bySecret({ clientSecret: rotatingSecrets([wrongSecret, `${wrongSecret}-too`]) })],
      },
    ],
    "`audience`": [() => call(bySecret({ endpoint: otherApi, audience: otherApi })), 200, {
      "an unknown one": [badTarget, bySecret({ audience: unknown })],
    }],
    "`resource`, one": [() => call(bySecret({ endpoint: otherApi, resource: otherApi })), 200, {
      "an unknown one": [badTarget, bySecret({ resource: unknown })],
    }],
    "`resource`, two": [undefined, undefined, {
      "both": [badTarget, bySecret({ resource: [plain.issuer, otherApi] })],
    }],
    "`parameters`, once and repeated": [
      () => call(bySecret({ parameters: { organization: "org_7", hint: ["a", "b"] } })),
      200,
      {},
    ],
    "`authorizationDetails`": [
      async () => {
        const authenticator = bySecret({ authorizationDetails: [{ type: "payment", amount: "7" }] })();
        return [await call(() => authenticator), readClaims(authenticator).authorization_details];
      },
      [200, [{ type: "payment", amount: "7" }]],
      {
        "an unknown type": [
          refuse(400, "invalid_authorization_details"),
          bySecret({ authorizationDetails: [{ type: "unknown" }] }),
        ],
      },
    ],
    "`beforeTokenRequest`": [
      () =>
        call(bySecret({
          beforeTokenRequest({ headers, body }) {
            headers.set("x-gateway-key", "7");
            body.set("customized", "yes");
          },
        })),
      200,
      {
        "it removes the proof": [
          badRequest,
          bySecret({ beforeTokenRequest: ({ headers }) => headers.delete("authorization") }),
        ],
        "it throws": [
          fail("client_auth_unavailable"),
          bySecret({ beforeTokenRequest: () => Promise.reject(new Error("the vault is down")) }),
        ],
      },
    ],
    "`with()`, two audiences": [
      async () => {
        const first = bySecret({ audience: plain.issuer })();
        const second = first.with({ endpoint: otherApi, audience: otherApi });
        const isSame = first.with({ audience: plain.issuer }) === first;
        return [await call(() => first), await call(() => second), isSame];
      },
      [200, 200, true],
      { "an unknown one": [badTarget, (on) => bySecret()(on).with({ audience: unknown })] },
    ],
    "discovery, and the methods it names": [
      () => call(bySecret({ configStore: new DiscoveryClientConfigStore(plain.issuer) })),
      200,
      {
        "a method that isn't named": [
          fail("invalid_config"),
          byAuth("by Basic", clientSecretPost(secret), { configStore: new DiscoveryClientConfigStore(opaque.issuer) }),
        ],
      },
    ],
    "revocation by `close()`": [
      async () => {
        const authenticator = bySecret({ revocation: tokenRevocation() }, opaque)();
        const status = await call(() => authenticator);
        const authorization = `Bearer ${authenticator.credentials?.accessToken}`;
        await authenticator.close();
        return [status, await getStatus(fetch(opaque.api, { headers: { authorization } }))];
      },
      [200, 401],
      {
        "an endpoint that is none": [
          badRequest,
          bySecret({ revocation: tokenRevocation({ endpoint: opaque.tokenEndpoint }) }, opaque),
        ],
      },
    ],
    "DPoP": [() => callBound(bound({ dpop: dpop() }), plain), boundOnly, {
      "an expired proof": [refuse(400, "invalid_dpop_proof"), bound({ dpop: dpop(ago(600_000)) })],
      "no proof": [badGrant, bound({})],
    }],
    "DPoP, where server and API want nonces": [() => callBound(bound({ dpop: dpop() }, nonces), nonces), boundOnly, {
      "no proof": [badGrant, bound({}, nonces)],
    }],
    "JWT bearer": [
      async () => {
        const authenticator = bearer(pem)();
        return [await call(() => authenticator), readClaims(authenticator).on_behalf_of];
      },
      [200, "ada"],
      { "another key": [badGrant, bearer(wrongPem)] },
    ],
    "token exchange": [
      async () => {
        const subject = bearer(pem)();
        const authenticator = exchange(async () => (await subject.getCredentials()).accessToken)();
        return [await call(() => authenticator), readClaims(authenticator).on_behalf_of];
      },
      [200, "ada"],
      { "an unknown token": [badRequest, exchange(() => `planted.unknown-token.${wrongSecret}`)] },
    ],
  };
}

async function call(make: Make<Authenticator>): Promise<number> {
  return await getStatus(make().fetch("/v1/projects"));
}

/** Calls the API with a bound token: with its key, as a Bearer token, and without a proof. */
async function callBound(make: Make<ClientCredentialsAuthenticator>, { api }: Place): Promise<unknown[]> {
  const authenticator = make();
  const status = await call(() => authenticator);
  const { tokenType, accessToken } = await authenticator.getCredentials();
  const callBy = (scheme: string) => getStatus(fetch(api, { headers: { authorization: `${scheme} ${accessToken}` } }));
  return [tokenType, status, await callBy("Bearer"), await callBy("DPoP")];
}

async function getStatus(sending: Promise<Response>): Promise<number> {
  const response = await sending;
  await response.text();
  return response.status;
}

function readClaims({ credentials }: Authenticator): Record<string, unknown> {
  const [, payload = ""] = credentials?.accessToken.split(".") ?? [];
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
}

/** Signs an assertion as a platform does. */
async function sign(pem: string, audience: string): Promise<string> {
  return await new SignJWT({ jti: crypto.randomUUID() }).setProtectedHeader({ alg: "ES256" })
    .setIssuer("by key").setSubject("by key").setAudience(audience).setExpirationTime("1 minute")
    .sign(await importPKCS8(pem, "ES256"));
}

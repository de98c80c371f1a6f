/**
 * Tries every method of client authentication, every parameter of a token request, every grant, and DPoP, each with a
 * call of an API, and with errors: as a program whose last argument is the input, or as a worker.
 *
 * @module
 */

import {
  type Authenticator,
  type ClientAuth,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
  getToken,
  none,
  type SecretAttempt,
  StaticClientConfigStore,
  type TokenRequest,
} from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { dpop, type DpopOptions } from "@m2m/authenticator/dpop";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { decodeProtectedHeader, generateKeyPair, importPKCS8, SignJWT } from "jose";
import { type ErrorFacts, getRefusal, getStatus, type Make, readClaims, type Refusal, refusedBy } from "./refusal.ts";
import type { MethodStage } from "./method_stage.ts";

declare const process: { readonly argv?: readonly string[] } | undefined;

type ProgramInput = MethodStage["input"];
type Place = ProgramInput["plain"];

/** By method: what came of the attempt, and the failures by what is wrong. */
export type ProgramOutput = Record<string, { accepted: unknown; refused: Record<string, Refusal> }>;

type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** By method: the result that is expected, and what gets it. */
type Accepted = Record<string, readonly [expected: unknown, attempt: () => Promise<unknown>]>;
/** By method: what fails, and how. */
type Refused = Record<string, Record<string, readonly [ErrorFacts, Make]>>;

/** Tries these methods. */
export async function tryMethods([input, methods]: [ProgramInput, readonly string[]]): Promise<ProgramOutput> {
  const attempts = makeAttempts(input);
  const output: ProgramOutput = {};
  for (const method of methods) {
    const { refused } = output[method] = { accepted: undefined, refused: {} } as ProgramOutput[string];
    for (const [what, [, make]] of Object.entries(attempts.refused[method] ?? {})) {
      refused[what] = await getRefusal(make);
    }
    output[method]!.accepted = await attempts.accepted[method]?.[1]().catch(String);
  }
  return output;
}

const fail = (code: string): ErrorFacts => ["AuthenticationError", code, 0, "", false];
const badClient = refusedBy(401, "invalid_client");
const badRequest = refusedBy(400, "invalid_request");
const badGrant = refusedBy(400, "invalid_grant");
const badDetails = refusedBy(400, "invalid_authorization_details");
const badTarget = refusedBy(400, "invalid_target");
/** A clock that is off by so much that the server's isn't followed. */
const ago = (days: number) => ({ clock: { wall: () => Date.now() - days * 86_400_000 } });
const unknown = "https://unknown.test";
const unknownDetails = [{ type: "unknown" }];
const boundOnly = ["DPoP", 200, 401, 401];

const post = (body: BodyInit = "a body") => ({ method: "POST", body });
const stream = () => new Blob(["a body"]).stream();
const form = new FormData();
form.set("name", "Apollo");
const headers = { "x-own": "1" };
const parameters = { organization: "org_7", hint: ["a", "b"] };
const authorizationDetails = [{ type: "payment", amount: "7" }];
const customize = ({ headers, body }: TokenRequest) => {
  headers.set("x-gateway-key", "7");
  body.set("customized", "yes");
};
/** Calls with proofs, and a part of their bodies. The first with each key is repeated with the API's nonce. */
const boundCalls: readonly ((url: string) => [input: string | URL | Request, init?: RequestInit, body?: string])[] = [
  () => ["/x"],
  (url) => [new URL(`${url}?page=2`), { method: "DELETE" }],
  () => ["/x", { method: "put", body: "a body" }, "a body"],
  () => ["/x", post(new TextEncoder().encode("a body")), "a body"],
  () => ["/x", post(new Blob(["a body"])), "a body"],
  () => ["/x", post(new URLSearchParams({ name: "Apollo" })), "name=Apollo"],
  () => ["/x", post(form), "Apollo"],
  (url) => [new Request(url, { headers })],
  (url) => [new Request(url, post()), {}, "a body"],
  (url) => [new Request(url, post(form)), {}, "Apollo"],
  (url) => [new Request(url, { ...post(stream()), duplex: "half" } as RequestInit), {}, "a body"],
  (url) => [new Request(url, post("one")), { body: "two" }, "two"],
  (url) => [url, new Request(url, post()), "a body"],
  () => ["/x", { headers }],
  () => ["/x", { headers: Object.entries(headers) }],
  () => ["/x", { headers: new Headers(headers) }],
];

export function makeAttempts(input: ProgramInput) {
  const { plain, otherApi, nonces, opaque, secret, rawSecret, wrongSecret, key, wrongKey, rsaKey, keys } = input;
  const at = (place: Place) => ({
    endpoint: place.api,
    clientId: "by Basic",
    clientSecret: secret,
    scopes: ["api:read"],
    configStore: new StaticClientConfigStore(place),
  });
  const client = (options: Options = {}, place = plain): Make<ClientCredentialsAuthenticator> => (on) =>
    new ClientCredentialsAuthenticator({ ...at(place), ...options, ...on });
  const bound = (options: Options, place = plain) => client({ clientId: "bound", ...options }, place);
  const raw = (clientSecret: string) => client({ clientId: "raw", clientSecret, basicEncoding: "raw" });
  const byAuth = (clientId: string, clientAuth: ClientAuth, options: Options = {}) =>
    client({ clientId, clientSecret: undefined, clientAuth, ...options });
  const byKey = (...args: Parameters<typeof privateKeyJwt>) => byAuth("by key", privateKeyJwt(...args));
  const byHmac = (...args: Parameters<typeof clientSecretJwt>) => byAuth("by HMAC", clientSecretJwt(...args));
  const discovering = (issuer: string) => ({ configStore: new DiscoveryClientConfigStore(issuer) });
  const bearer = ({ pem } = key, options: Options = {}, place = plain): Make<JwtBearerAuthenticator> => (on) => {
    const assertion = signedAssertion(pem, { iss: input.voucher, sub: "ada" });
    return new JwtBearerAuthenticator({ ...at(place), ...options, ...on, assertion });
  };
  type Look = () => string | Promise<string>;
  const exchange =
    (subjectToken: Look, options: Options = {}, place = plain): Make<TokenExchangeAuthenticator> => (on) =>
      new TokenExchangeAuthenticator({ ...at(place), ...options, ...on, subjectToken });
  const misdirected = tokenRevocation({ endpoint: opaque.tokenEndpoint });
  const wrongSecrets = [wrongSecret, `${wrongSecret}-too`];
  const readToken = (subject: Authenticator) => async () => (await subject.getCredentials()).accessToken;
  const hooked = (beforeTokenRequest: NonNullable<Options["beforeTokenRequest"]>) => client({ beforeTokenRequest });
  const unnamed = byAuth("by Basic", clientSecretPost(secret), discovering(opaque.issuer));
  const withoutSecret = { clientSecret: undefined, clientAuth: none() };

  const accepted: Accepted = {
    "`client_secret_basic`, a secret of any characters": [200, () => call(client())],
    '`client_secret_basic`, `basicEncoding: "raw"`': [200, () => call(raw(rawSecret))],
    "`client_secret_post`": [200, () => call(byAuth("by post", clientSecretPost(secret)))],
    "`client_secret_jwt`": [200, () => call(byHmac(secret))],
    "`private_key_jwt`": [200, () => call(byKey(key.pem))],
    "a ready assertion": [200, () => call(byAuth("by key", clientAssertion(() => sign(key, "by key", plain.issuer))))],
    "these three, by every algorithm and key format": [
      { Bearer: keys.length * 8 + 3 * 2 },
      async () => countOutcomes(await listAssertions(input)),
    ],
    "`none`": [200, () => call(bearer(key, { ...withoutSecret, clientId: "public" }))],
    "rotating secrets": [[200, false, true], async () => {
      const secrets = rotatingSecrets([wrongSecret, secret]);
      const afterRefusal: boolean[] = [];
      const clientSecret = (attempt?: SecretAttempt) => {
        afterRefusal.push(attempt?.refused === wrongSecret);
        return secrets(attempt);
      };
      return [await call(client({ clientSecret })), ...afterRefusal];
    }],
    "`audience`": [200, () => call(client({ endpoint: otherApi, audience: otherApi }))],
    "`resource`, one": [200, () => call(client({ endpoint: otherApi, resource: otherApi }))],
    "`parameters`, once and repeated": [200, () => call(client({ parameters }))],
    "`authorizationDetails`": [
      [200, authorizationDetails],
      () => callAndRead(client({ authorizationDetails }), "authorization_details"),
    ],
    "`beforeTokenRequest`": [200, () => call(hooked(customize))],
    "`with()`, two audiences": [[200, 200, true], async () => {
      const first = client({ audience: plain.issuer })();
      const second = first.with({ endpoint: otherApi, audience: otherApi });
      const isSame = first.with({ audience: plain.issuer }) === first;
      return [await call(() => first), await call(() => second), isSame];
    }],
    "discovery, and the methods it names": [200, () => call(client(discovering(plain.issuer)))],
    "revocation by `close()`": [[200, 401], async () => {
      const authenticator = client({ revocation: tokenRevocation() }, opaque)();
      const status = await call(() => authenticator);
      const authorization = `Bearer ${authenticator.credentials?.accessToken}`;
      await authenticator.close();
      return [status, await getStatus(fetch(opaque.api, { headers: { authorization } }))];
    }],
    "DPoP": [boundOnly, () => callBound(bound({ dpop: dpop() }), plain)],
    "DPoP, where server and API want nonces": [boundOnly, () => callBound(bound({ dpop: dpop() }, nonces), nonces)],
    "DPoP by every algorithm, with bodies of every kind": [
      { "DPoP 200,200": boundCalls.length + keys.length * 2 },
      () => {
        const attempts: ({ make?: typeof boundCalls[number] } & DpopOptions)[] = [
          ...boundCalls.map((make) => ({ make })),
          ...keys.flatMap(({ alg }) => [{ alg }, { alg, keyPair: () => generateKeyPair(alg) }]),
        ];
        return countOutcomes(attempts.map(({ make = boundCalls[0]!, ...options }) => async () => {
          const proofs = dpop(options);
          const authenticator = bound({ dpop: proofs }, nonces)();
          const statuses: (string | number)[] = [];
          for (let i = 0; i < 2; i++) {
            const [input, init, body = ""] = make(`${nonces.api}/x`);
            const response = await authenticator.fetch(input, init);
            const text = await response.text();
            statuses.push(text.includes(body) ? response.status : text);
          }
          const { alg } = decodeProtectedHeader(await proofs.proof({ method: "GET", url: nonces.api }));
          return `${alg === (options.alg ?? "ES256") ? authenticator.credentials?.tokenType : alg} ${statuses}`;
        }));
      },
    ],
    "JWT bearer": [[200, "ada"], () => callAndRead(bearer(), "on_behalf_of")],
    "token exchange": [[200, "ada"], () => callAndRead(exchange(readToken(bearer()())), "on_behalf_of")],
    "both of them, and revocation of their tokens": [[200, "api:write", 200], async () => {
      const options = { revocation: tokenRevocation() };
      const subject = bearer(key, options, opaque)();
      const exchanged = exchange(readToken(subject), options, opaque)();
      const results = [
        await call(() => subject),
        (await subject.with({ scopes: ["api:write"] }).getCredentials()).scope,
        await call(() => exchanged),
      ];
      await subject.close();
      await exchanged.close();
      return results;
    }],
  };

  const refused: Refused = {
    "`client_secret_basic`, a secret of any characters": {
      "another secret": [badClient, client({ clientSecret: wrongSecret })],
    },
    '`client_secret_basic`, `basicEncoding: "raw"`': { "a secret to be decoded": [badRequest, raw(secret)] },
    "`client_secret_post`": { "another secret": [badClient, byAuth("by post", clientSecretPost(wrongSecret))] },
    "`client_secret_jwt`": {
      "another secret": [badClient, byHmac(wrongSecret)],
      "another algorithm": [badClient, byHmac(secret, { alg: "HS512" })],
      "another audience": [badClient, byHmac(secret, { audience: unknown })],
      "an expired assertion": [badClient, byHmac(secret, ago(2))],
    },
    "`private_key_jwt`": {
      "another key": [badClient, byKey(wrongKey.pem)],
      "another key with the right kid": [badClient, byKey(wrongKey.privateJwk as JsonWebKey)],
      "an unknown kid": [badClient, byKey(key.pem, { kid: "unknown" })],
      "another algorithm": [badClient, byKey(rsaKey.pem, { alg: "RS256" })],
      "another audience": [badClient, byKey(key.pem, { audience: unknown })],
      "an expired assertion": [badClient, byKey(key.pem, ago(2))],
      "an assertion of the future": [badClient, byKey(key.pem, ago(-2))],
      "another client": [badClient, byAuth("by HMAC", privateKeyJwt(key.pem))],
      "an unknown client": [badClient, byAuth("unknown", privateKeyJwt(key.pem))],
    },
    "a ready assertion": {
      "the same again": [badClient, async (on) => {
        const assertion = await sign(key, "by key", plain.issuer);
        const make = byAuth("by key", clientAssertion(() => assertion));
        await make().getCredentials();
        return make(on);
      }],
    },
    "`none`": { "a client that has a secret": [badClient, bearer(key, withoutSecret)] },
    "rotating secrets": { "two wrong ones": [badClient, client({ clientSecret: rotatingSecrets(wrongSecrets) })] },
    "`audience`": { "an unknown one": [badTarget, client({ audience: unknown })] },
    "`resource`, one": { "an unknown one": [badTarget, client({ resource: unknown })] },
    "`resource`, two": { "both": [badTarget, client({ resource: [plain.issuer, otherApi] })] },
    "`authorizationDetails`": { "an unknown type": [badDetails, client({ authorizationDetails: unknownDetails })] },
    "`beforeTokenRequest`": {
      "it removes the proof": [badRequest, hooked(({ headers }) => headers.delete("authorization"))],
      "it throws": [fail("client_auth_unavailable"), hooked(() => Promise.reject(new Error("the vault is down")))],
    },
    "`with()`, two audiences": { "an unknown one": [badTarget, (on) => client()(on).with({ audience: unknown })] },
    "discovery, and the methods it names": { "a method that isn't named": [fail("invalid_config"), unnamed] },
    "revocation by `close()`": { "no endpoint": [badRequest, client({ revocation: misdirected }, opaque)] },
    "DPoP": {
      "an expired proof": [refusedBy(400, "invalid_dpop_proof"), bound({ dpop: dpop(ago(2)) })],
      "no proof": [badGrant, bound({})],
    },
    "DPoP, where server and API want nonces": { "no proof": [badGrant, bound({}, nonces)] },
    "JWT bearer": { "another key": [badGrant, bearer(wrongKey)] },
    "token exchange": { "an unknown token": [badRequest, exchange(() => `planted.unknown-token.${wrongSecret}`)] },
    "both of them, and revocation of their tokens": {
      "an unknown token": [badRequest, exchange(() => "planted-token", {}, opaque)],
    },
  };
  return { accepted, refused };
}

async function call(make: Make): Promise<number> {
  return await getStatus((await make()).fetch("/v1/projects"));
}

/** Calls the API, and reads a claim of the token. */
async function callAndRead(make: Make<Authenticator>, claim: string): Promise<unknown[]> {
  const authenticator = make();
  return [await call(() => authenticator), readClaims(authenticator)[claim]];
}

/** Calls the API with a bound token: with its key, as a Bearer token, and without a proof. */
async function callBound(make: Make<ClientCredentialsAuthenticator>, { api }: Place): Promise<unknown[]> {
  const authenticator = make();
  const status = await call(() => authenticator);
  const { tokenType, accessToken } = await authenticator.getCredentials();
  const callBy = (scheme: string) => getStatus(fetch(api, { headers: { authorization: `${scheme} ${accessToken}` } }));
  return [tokenType, status, await callBy("Bearer"), await callBy("DPoP")];
}

/** Counts the results of the attempts, errors included. */
async function countOutcomes(attempts: readonly (() => Promise<string>)[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [index, attempt] of attempts.entries()) {
    const outcome = await attempt().catch((error) => `${index}: ${error}`);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

/** Lists token requests by assertions of every algorithm, form of a key and audience. */
async function listAssertions({ plain, keys, secret }: ProgramInput): Promise<(() => Promise<string>)[]> {
  const audience = "token-endpoint";
  const clients: (readonly [clientId: string, ClientAuth])[] = [];
  for (const key of keys) {
    const { alg, pem, privateJwk } = key;
    const kid = privateJwk.kid!;
    const auths = [
      privateKeyJwt(pem, { alg }),
      privateKeyJwt(privateJwk as JsonWebKey, { alg }),
      privateKeyJwt(JSON.stringify(privateJwk), { alg }),
      privateKeyJwt({ key: pem, kid }, { alg }),
      privateKeyJwt(() => privateJwk as JsonWebKey, { alg }),
      // Its algorithm is known but for Ed25519, which has two names.
      privateKeyJwt(await importPKCS8(pem, alg), alg === "Ed25519" ? { kid, alg } : { kid }),
      privateKeyJwt(pem, { alg, audience }),
      clientAssertion(async () => `${await sign(key, alg, plain.issuer)}\r\n`),
    ];
    clients.push(...auths.map((clientAuth) => [alg, clientAuth] as const));
  }
  for (const alg of ["HS256", "HS384", "HS512"] as const) {
    clients.push([alg, clientSecretJwt(secret, { alg })]);
    clients.push([alg, clientSecretJwt(() => Promise.resolve(secret), { alg, audience })]);
  }
  return clients.map(([clientId, clientAuth]) => async () =>
    (await getToken(plain.tokenEndpoint, { issuer: plain.issuer, clientId, clientAuth })).tokenType
  );
}

/** Signs an assertion as a platform does. */
async function sign({ alg, pem }: ProgramInput["key"], clientId: string, audience: string): Promise<string> {
  return await new SignJWT({ jti: crypto.randomUUID() }).setProtectedHeader({ alg })
    .setIssuer(clientId).setSubject(clientId).setAudience(audience).setExpirationTime("1 minute")
    .sign(await importPKCS8(pem, alg));
}

const told = typeof process === "undefined" ? undefined : process.argv?.at(-1);
const isProgram = told?.startsWith("[") ?? false;
if (isProgram) console.log(JSON.stringify(await tryMethods(JSON.parse(told!))));

// Bun would start a server for a program with this export.
export default isProgram ? undefined : {
  fetch: async (request: Request) => Response.json(await tryMethods(await request.json())),
};

/**
 * A signed assertion for each token request, by each client, over the same JWT by Web Crypto alone: prints the ratios by algorithm and
 * client, and how often keys were imported, as JSON. Runs on Node, Deno and Bun.
 *
 * @module
 */

import { encodeBase64Url } from "@std/encoding/base64url";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { SignJWT } from "jose";
import process from "node:process";
import * as oauth from "npm:oauth4webapi@3.8.8";
import { type Call, median, ratios, timeInTurns } from "./statistics.ts";

/** The figures of one algorithm: microseconds of the assertion by hand, and each client's ratio to it. */
export interface AssertionFigures {
  readonly byHand: number;
  readonly ratios: Readonly<Record<string, number>>;
  /** How often our client imported its key. */
  readonly imports: number;
}

const kinds = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
  PS256: {
    ...{ name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
    ...{ modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  },
} as const;
const issuer = "https://auth.example.com";
const tokenEndpoint = new URL(`${issuer}/oauth/token`);
const clientId = "my-key-client";
const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const { signal } = new AbortController();

async function measure(alg: keyof typeof kinds, smoke: boolean): Promise<AssertionFigures> {
  const { subtle } = crypto;
  const parameters = kinds[alg];
  const { privateKey } = await subtle.generateKey(parameters, true, ["sign", "verify"]) as CryptoKeyPair;
  const pem = `-----BEGIN PRIVATE KEY-----\n${
    btoa(String.fromCharCode(...new Uint8Array(await subtle.exportKey("pkcs8", privateKey))))
  }\n-----END PRIVATE KEY-----`;
  const clientAuth = privateKeyJwt(pem, { alg, kid: "2026-11" });
  const peer = oauth.PrivateKeyJwt({ key: privateKey, kid: "2026-11" });
  const authenticate = async () => {
    const request = { clientId, issuer, tokenEndpoint, signal, headers: new Headers(), body: new URLSearchParams() };
    await clientAuth.authenticate({ ...request, redact() {} });
    return request.body.get("client_assertion")!;
  };
  // The same length as an assertion's.
  const [header, payload] = (await authenticate()).split(".");
  const data = new TextEncoder().encode(`${header}.${payload}`);
  const calls: Record<string, Call> = {
    "by hand": async () => {
      const now = Math.floor(Date.now() / 1_000);
      const times = { jti: crypto.randomUUID(), iat: now, nbf: now, exp: now + 60 };
      const claims = { iss: clientId, sub: clientId, aud: issuer, ...times };
      const text = [{ alg, kid: "2026-11" }, claims].map((part) => encodeBase64Url(JSON.stringify(part))).join(".");
      const signature = await subtle.sign(parameters, privateKey, new TextEncoder().encode(text));
      const body = new URLSearchParams({ client_id: clientId, client_assertion_type: type });
      body.set("client_assertion", `${text}.${encodeBase64Url(signature)}`);
    },
    ours: authenticate,
    jose: () =>
      new SignJWT({ jti: crypto.randomUUID() }).setProtectedHeader({ alg, kid: "2026-11" }).setIssuer(clientId)
        .setSubject(clientId).setAudience(issuer).setIssuedAt().setNotBefore("0 s").setExpirationTime("1 m")
        .sign(privateKey),
    oauth4webapi: async () => {
      await peer({ issuer }, { client_id: clientId }, new URLSearchParams(), new Headers());
    },
    "the signature alone": () => subtle.sign(parameters, privateKey, data),
  };
  const { importKey } = subtle;
  let imports = 1;
  subtle.importKey = ((...args: Parameters<typeof importKey>) => {
    imports++;
    return importKey.apply(subtle, args);
  }) as typeof importKey;
  for (let i = 0; i < 100; i++) await authenticate();
  subtle.importKey = importKey;
  // RSA takes milliseconds on Deno.
  const timing = smoke ? { batch: 4, rounds: 3 } : { batch: alg === "PS256" ? 10 : 100, rounds: 25 };
  const found = await timeInTurns(Object.values(calls), timing);
  const names = Object.keys(calls).slice(1);
  return {
    byHand: median(found[0]!),
    ratios: Object.fromEntries(ratios(found).map((ratio, index) => [names[index]!, ratio])),
    imports,
  };
}

const smoke = process.argv.includes("--smoke");
const figures: Record<string, AssertionFigures> = {};
for (const alg of ["ES256", "EdDSA", "PS256"] as const) figures[alg] = await measure(alg, smoke);
console.log(JSON.stringify(figures));

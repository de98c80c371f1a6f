/**
 * Platforms that answer as their documents say, and refuse everything else; refusals quote what was sent.
 *
 * - GitHub: https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
 * - Google: https://cloud.google.com/compute/docs/instances/verifying-instance-identity#request_signature
 * - Azure: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token,
 *   https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 * - AWS: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html,
 *   https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * - Fly.io: https://fly.io/docs/machines/api/tokens-resource/
 *
 * @module
 */

import { createHash, createHmac } from "node:crypto";
import { createServer } from "node:http";
import { encodeBase64Url } from "@std/encoding/base64url";
import type { Fetch } from "@m2m/authenticator";

/** Planted: none may show. */
export const secrets = {
  request: "planted-request-token",
  header: "planted-identity-header",
  key: "planted/secret+access/key",
  session: "planted-session//token==",
  signature: "cGxhbnRlZC1zaWduYXR1cmU",
};
export const audience = "https://auth.example.com";

/** A JWT; its signature is planted. */
export function makeJwt(claims: Record<string, unknown> = {}): string {
  const all = {
    iss: "https://platform.test",
    sub: "spiffe://platform.test/me",
    aud: audience,
    exp: inAnHour(),
    ...claims,
  };
  return `${encodeBase64Url('{"alg":"RS256"}')}.${encodeBase64Url(JSON.stringify(all))}.${secrets.signature}`;
}

const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600;

/** Issues the JWT for an audience. */
export type Issue = (audience: string) => string | Promise<string>;

/** The environment in which all platforms are there. */
export const variables = {
  ACTIONS_ID_TOKEN_REQUEST_URL: "https://run.actions.githubusercontent.com/abc//idtoken/def?api-version=2.0",
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: secrets.request,
  IDENTITY_ENDPOINT: "http://127.0.0.1:41564/msi/token/",
  IDENTITY_HEADER: secrets.header,
  AWS_REGION: "eu-west-1",
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: secrets.key,
  AWS_SESSION_TOKEN: secrets.session,
};

type Answer = (request: Request, url: URL, issue: Issue) => Promise<Response | undefined>;

const entraToken = async (url: URL, version: string, issue: Issue) => {
  const { "api-version": given, resource = "", ...others } = Object.fromEntries(url.searchParams);
  if (given !== version || Object.keys(others).some((name) => name !== "client_id")) return undefined;
  return Response.json({
    ...{ access_token: await issue(resource), client_id: "6f2", expires_in: "3599", expires_on: String(inAnHour()) },
    ...{ resource, token_type: "Bearer" },
  });
};

const appService: Answer = async ({ headers }, url, issue) =>
  headers.get("x-identity-header") === secrets.header ? await entraToken(url, "2019-08-01", issue) : undefined;

const answers: Readonly<Record<string, Answer>> = {
  async "run.actions.githubusercontent.com"({ method, headers }, { searchParams }, issue) {
    if (method !== "GET" || headers.get("authorization") !== `Bearer ${secrets.request}`) return undefined;
    if (searchParams.get("api-version") !== "2.0") return undefined;
    return Response.json({ count: 1_000, value: await issue(searchParams.get("audience") ?? "") });
  },
  async "metadata.google.internal"({ headers }, { pathname, searchParams }, issue) {
    if (pathname !== "/computeMetadata/v1/instance/service-accounts/default/identity") return undefined;
    if (headers.get("metadata-flavor") !== "Google" || searchParams.get("format") !== "standard") return undefined;
    const own = { "metadata-flavor": "Google", server: "Metadata Server for VM" };
    return new Response(await issue(searchParams.get("audience")!), { headers: own });
  },
  async "169.254.169.254"({ headers }, url, issue) {
    const isKnown = headers.get("metadata") === "true" && url.pathname === "/metadata/identity/oauth2/token";
    return isKnown ? await entraToken(url, "2018-02-01", issue) : undefined;
  },
  "127.0.0.1:41564": appService,
  "169.254.255.2:8081": appService,
  async "sts.eu-west-1.amazonaws.com"(request, url, issue) {
    const body = await request.clone().text();
    const form = Object.fromEntries(new URLSearchParams(body));
    const { Action, Version, "Audience.member.1": forWhom, SigningAlgorithm, DurationSeconds } = form;
    const known = [Action, Version, SigningAlgorithm, DurationSeconds].join();
    if (known !== "GetWebIdentityToken,2011-06-15,RS256,300" || !isSigned(request, url, body)) return undefined;
    return new Response(
      `<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>
      <Expiration>2026-12-01T00:00:00Z</Expiration><WebIdentityToken>${await issue(forWhom!)}</WebIdentityToken>
      </GetWebIdentityTokenResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
      </GetWebIdentityTokenResponse>`,
    );
  },
};

/** Checks SigV4, by Node's own HMAC. */
function isSigned({ headers }: Request, { host, pathname }: URL, body: string): boolean {
  const authorization = headers.get("authorization") ?? "";
  const match = /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/;
  const [, scope = "", signed = "", signature] = match.exec(authorization) ?? [];
  const date = headers.get("x-amz-date") ?? "";
  if (headers.get("x-amz-security-token") !== secrets.session || !signed.includes("x-amz-security-token")) return false;
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const lines = signed.split(";").map((name) => `${name}:${name === "host" ? host : headers.get(name)}\n`);
  const request = ["POST", pathname, "", lines.join(""), signed, sha256(body)].join("\n");
  const hmac = (key: string | Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
  const key = scope.split("/").reduce<string | Uint8Array>((key, part) => hmac(key, part), `AWS4${secrets.key}`);
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(request)].join("\n");
  return scope === `${date.slice(0, 8)}/eu-west-1/sts/aws4_request` &&
    createHmac("sha256", key).update(text).digest("hex") === signature;
}

/** A `fetch` that reaches the platforms alone. */
export function reachPlatforms(issue: Issue = (aud) => makeJwt({ aud })): Fetch & { readonly hosts: string[] } {
  const hosts: string[] = [];
  const fetch: Fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    hosts.push(url.host);
    const answer = await answers[url.host]?.(request, url, issue);
    if (answer) return answer;
    const quoted = `${url} ${JSON.stringify([...request.headers])} ${Object.values(secrets)}`;
    return new Response(`<ErrorResponse><Error><Code>Refused</Code></Error>${quoted}</ErrorResponse>`, { status: 403 });
  };
  return Object.assign(fetch, { hosts });
}

/** The API of a Machine of Fly.io, at its socket. */
export async function serveFly(socket: string, issue: Issue = (aud) => makeJwt({ aud })) {
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part) => text += part);
    request.on("end", async () => {
      const isKnown = request.method === "POST" && request.url === "/v1/tokens/oidc";
      if (!isKnown || request.headers["content-type"] !== "application/json") {
        return void response.writeHead(404).end(secrets.signature);
      }
      response.end(await issue(JSON.parse(text).aud));
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { close: () => new Promise<void>((resolve) => void server.close(() => resolve())) };
}

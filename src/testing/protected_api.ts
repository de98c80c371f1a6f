/**
 * The test API.
 *
 * @module
 */

import { answerJson, challenge } from "./behaviours.ts";
import type { IssuedTokens, TestToken } from "./issued_tokens.ts";
import type { Proofs } from "./proofs.ts";
import type { RecordedRequest, Recording } from "./recorded_request.ts";
import { ScriptedServer, type TestServer } from "./scripted_server.ts";

/** The test API: a `fetch` handler that verifies tokens, and does as it is told. */
export interface TestApi extends TestServer {
  /** Its URL, as in the options. */
  readonly endpoint: string;
  /** Those of `requests` that weren't for its metadata. */
  readonly calls: readonly RecordedRequest[];
  /** Takes another DPoP nonce; proofs with the one before are refused with the new one. */
  rotateNonce(): void;
}

/** Answers a call of the test API, once its token is verified. */
export type TestApiAnswer = (request: Request, token: TestToken) => Response | Promise<Response>;

/** What the API is made of. */
export interface ApiParts {
  readonly endpoint: string;
  readonly issuer: string;
  readonly tokens: IssuedTokens;
  readonly proofs: Proofs;
  readonly wantsProof: boolean;
  readonly headerKey: string;
  /** The name that tokens must have in their audience; any where it is absent. */
  readonly audience: string | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly requiredScopes: readonly string[];
  readonly answer: TestApiAnswer | undefined;
  readonly maxRequests: number | undefined;
}

const metadataPath = "/.well-known/oauth-protected-resource";

/** Answers calls that bring a token. */
export class ProtectedApi extends ScriptedServer implements TestApi {
  readonly endpoint: string;
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    super(parts.maxRequests);
    this.endpoint = parts.endpoint;
    this.#parts = parts;
  }

  get calls(): readonly Recording[] {
    return this.requests.filter(({ path }) => this.isScripted(path));
  }

  rotateNonce(): void {
    this.#parts.proofs.rotate();
  }

  protected override isScripted(path: string): boolean {
    return !path.startsWith(metadataPath);
  }

  protected override async answer(request: Recording): Promise<Response> {
    if (!this.isScripted(request.path)) return answerJson(this.#metadata(request.path));
    const { proofs, answer } = this.#parts;
    const token = await this.#verify(request);
    if (token instanceof Response) return token;
    const response = await (answer ? answer(request.toRequest(), token) : answerCall(request, token));
    if (token.jkt !== undefined) {
      for (const header of Object.entries(proofs.headers)) {
        response.headers.set(...header);
      }
    }
    return response;
  }

  /** Returns the token of a call, or the refusal (RFC 6750 §3). */
  async #verify(request: Recording): Promise<TestToken | Response> {
    const { tokens, headerKey, audience, requiredScopes, proofs, wantsProof } = this.#parts;
    const [, scheme = "", sent] = /^(Bearer|DPoP) +(\S+)$/i.exec(request.headers.get(headerKey) ?? "") ?? [];
    const refuse = (status: number, parameters: Record<string, string>, name = wantsProof ? "DPoP" : "Bearer") =>
      challenge(status, request.url, parameters, { scheme: name, headers: name === "DPoP" ? proofs.headers : {} });
    if (sent === undefined) return refuse(401, {});
    const token = tokens.find(sent);
    const invalid = (fault: string, name?: string) =>
      refuse(401, { error: "invalid_token", error_description: `The token is ${fault}` }, name);
    if (typeof token === "string") return invalid(token);
    if (audience !== undefined && !token.audience.includes(audience)) return invalid("for another API");
    const isBound = token.jkt !== undefined;
    if (wantsProof && !isBound || isBound !== (scheme.toLowerCase() === "dpop")) return invalid("under another scheme");
    if (isBound) {
      const proof = await proofs.check(request, sent);
      if (proof.error) return refuse(401, { error: proof.error, error_description: proof.fault }, "DPoP");
      if (proof.jkt !== token.jkt) return invalid("bound to another key", "DPoP");
    }
    if (requiredScopes.every((scope) => token.scopes.includes(scope))) return token;
    return refuse(403, { error: "insufficient_scope", scope: requiredScopes.join(" ") });
  }

  /** Protected resource metadata (RFC 9728 §2), at any path below the well-known one. */
  #metadata(path: string): object {
    const { endpoint, issuer, scopes, wantsProof } = this.#parts;
    const below = path.slice(metadataPath.length);
    return {
      resource: below ? new URL(endpoint).origin + below : endpoint,
      authorization_servers: [issuer],
      bearer_methods_supported: ["header"],
      ...scopes && { scopes_supported: scopes },
      ...wantsProof && { dpop_bound_access_tokens_required: true },
    };
  }
}

/** Says what came, without the token. */
function answerCall({ method, path, text }: Recording, { clientId, subject, scopes, audience }: TestToken): Response {
  return answerJson({ method, path, client: clientId, subject, scopes, audience, ...text && { body: text } });
}

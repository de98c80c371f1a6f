/**
 * Asks an authorization server for what it publishes of itself (RFC 8414 §3, OpenID Connect Discovery 1.0 §4).
 *
 * @module
 */

import { withDeadline } from "../abort.ts";
import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import type { Fetch } from "../transport/fetch.ts";
import { parseJsonObject } from "../transport/json_object.ts";
import { readBody } from "../transport/response_body.ts";
import {
  type AuthorizationServerMetadata,
  judgeMetadata,
  type MetadataContext,
} from "./authorization_server_metadata.ts";

/** What is asked for, and how. All of it has been checked. */
export interface MetadataRequest extends MetadataContext {
  readonly fetch: Fetch;
  /** For all of it, in milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** A place where there is no metadata to be had. */
interface Miss {
  readonly code: AuthenticationErrorCode;
  /** Follows on the place. */
  readonly reason: string;
  readonly advice: string;
  readonly status?: number | undefined;
  readonly retryable?: boolean;
}

/**
 * The metadata of an issuer, from the first place that has it. Whatever a place answers, the next one is asked: many
 * servers say anything but 404 under a path they don't know. What can't be reached ends the search, for all places are
 * on one server.
 */
export async function requestMetadata(request: MetadataRequest): Promise<AuthorizationServerMetadata> {
  const { issuer, timeout, signal } = request;
  const error = () =>
    new AuthenticationError("timeout", `Cannot get the metadata of ${issuer}: no answer within ${timeout} ms.`, {
      retryable: true,
    });
  return await withDeadline({ timeout, error, signal }, async (signal) => {
    const misses: (Miss & { place: string })[] = [];
    for (const url of wellKnownUrls(issuer)) {
      const answer = await ask(url, request, signal);
      // A fetch that doesn't listen answers all the same, and its body is cut short.
      signal.throwIfAborted();
      if ("issuer" in answer) return answer;
      misses.push({ ...answer, place: new URL(url).pathname });
    }
    // That nothing is there says less than anything else does, and that it may pass says most.
    const { code, advice, status, retryable } = misses.find((miss) => miss.retryable) ??
      misses.find((miss) => miss.code !== "config_absent") ?? misses[0]!;
    const places = misses.map(({ place, reason }) => `${place} ${reason}`).join("; ");
    throw new AuthenticationError(code, `Cannot get the metadata of ${issuer}: ${places}. ${advice}`, {
      status,
      retryable,
    });
  });
}

/**
 * Where an issuer's metadata may be, in the order in which they are asked: as RFC 8414 §3.1 has it, as its §5 has it
 * for OpenID Connect, and, where the issuer has a path, as OpenID Connect Discovery 1.0 §4.1 has it.
 */
function wellKnownUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...path ? [`${origin}${path}/.well-known/openid-configuration`] : [],
  ];
}

async function ask(url: string, request: MetadataRequest, signal: AbortSignal) {
  const { fetch, issuer } = request;
  try {
    const response = await fetch(url, {
      // flyteadmin answers in other words to anything but exactly this.
      headers: { accept: "application/json" },
      signal,
      // "error" would say it better, but workerd throws on it.
      redirect: "manual",
    });
    if (response.type === "opaqueredirect" || !response.ok) {
      void response.body?.cancel().catch(() => {});
      return missOf(response);
    }
    const text = await readBody(response, signal);
    return judgeDocument(text, response.headers.get("content-type") ?? "", request);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AuthenticationError) {
      if (error.code !== "response_too_large") throw error;
      return { code: error.code, reason: "is over 1 MiB", advice: "Check the issuer.", status: error.status };
    }
    const { name } = Object(error);
    if (name === "NotCapable" || name === "PermissionDenied") {
      throw new AuthenticationError(
        "permission_denied",
        `Cannot reach ${issuer}: not permitted. Run with --allow-net=${new URL(url).host}.`,
      );
    }
    throw new AuthenticationError(
      "network_error",
      `Cannot get the metadata of ${issuer}: it can't be reached, see the cause.`,
      { retryable: true, cause: error },
    );
  }
}

function judgeDocument(
  text: string,
  contentType: string,
  context: MetadataContext,
): AuthorizationServerMetadata | Miss {
  // RFC 8414 §3.2 wants application/json, which those who publish a mere file often can't say: any type will do, but
  // that of a web page.
  if (/^\s*(text\/html|application\/xhtml)/i.test(contentType) || /^\s*</.test(text)) {
    return {
      code: "invalid_config",
      reason: "is a web page, not metadata",
      advice: "Check the issuer: it may be the address of a console, or of a login page.",
    };
  }
  const document = parseJsonObject(text);
  if (document === undefined) {
    return {
      code: "invalid_config",
      reason: text.trim() === "" ? "is empty" : "is no JSON object",
      advice: "Check the issuer.",
    };
  }
  return judgeMetadata(document, context);
}

function missOf({ status, type }: Response): Miss {
  if (type === "opaqueredirect" || status >= 300 && status < 400) {
    return {
      code: "redirect_refused",
      reason: "redirects",
      advice: "Redirects aren't followed: write the issuer that the server itself names.",
      status: status || undefined,
    };
  }
  const reason = `answered ${status}`;
  if (status === 404 || status === 410 || status === 501) {
    return {
      code: "config_absent",
      reason,
      advice: "Check the issuer; if it publishes no metadata, name the token endpoint yourself " +
        "(StaticClientConfigStore).",
      status,
    };
  }
  const retryable = status >= 500 || status === 429 || status === 408;
  return {
    code: "config_store_failed",
    reason,
    advice: retryable ? "Try again later." : "Check the issuer, and what stands in front of the server.",
    status,
    retryable,
  };
}

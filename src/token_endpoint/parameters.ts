/**
 * The parameters of a token request that depend on neither the client nor the grant.
 *
 * @module
 */

import { checkResource, checkScopes, checkString, throwInvalid } from "../arguments.ts";

/** What a token is requested for. */
export interface TokenRequestOptions {
  /** Scopes to request (RFC 6749 §3.3). Default: the store's, where there is one; an empty list sends none. */
  scopes?: readonly string[] | undefined;
  /** The API the token is for. Default: the store's, where there is one; an empty string sends none. */
  audience?: string | undefined;
  /**
   * The APIs the token is for (RFC 8707 §2): absolute URIs without fragment, each sent as a `resource`. Default: the
   * store's, where there is one; an empty list sends none.
   */
  resource?: string | URL | readonly (string | URL)[] | undefined;
  /** What the token is to permit (RFC 9396 §2): objects with a `type`, sent as JSON. Default: none. */
  authorizationDetails?: readonly AuthorizationDetail[] | undefined;
  /**
   * More form parameters, such as `{ organization: "org_7" }`; an array sends a name several times. Parameters with an
   * option of their own are refused, but `resource`, for what is no URI. Not for secrets: what a server quotes of them
   * is shown.
   * Default: none.
   */
  parameters?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** One thing a token is to permit (RFC 9396 §2). */
export interface AuthorizationDetail {
  /** What kind of thing: the server says which there are. */
  readonly type: string;
  /** The rest is as the type has it. */
  readonly [field: string]: unknown;
}

/** Form parameters by name. Those that stand there with an empty value aren't sent, and replace a store's. */
export type FormParameters = Readonly<Record<string, readonly string[]>>;

/** Parameters that have an option of their own. `resource` may stand for what is no URI (Entra v1, SharePoint). */
const reserved = /^(grant_type|scope|audience|authorization_details|client_(id|secret|assertion(_type)?))$/;

/** Makes the form parameters of options. Throws a `TypeError` for what can't be sent. */
export function formParameters(options: TokenRequestOptions): FormParameters {
  const { authorizationDetails: details, parameters = {} } = options;
  const scopes = checkScopes(options.scopes);
  const audience = checkString("audience", options.audience);
  const resource = checkResource(options.resource);
  if (details && !(Array.isArray(details) && details.every((detail) => typeof detail?.type === "string"))) {
    throwInvalid("authorizationDetails", "an array of objects with a type (RFC 9396 §2)", details);
  }
  // A Map or URLSearchParams would be empty here.
  if (typeof parameters !== "object" || parameters === null || Symbol.iterator in parameters) {
    throwInvalid("parameters", 'a record, such as { organization: "org_7" }', parameters);
  }
  const others = Object.entries(parameters).map(([name, value]) => {
    const values = [value].flat();
    if (reserved.test(name) || !values.every((each) => typeof each === "string")) {
      // The value isn't shown: it may be a secret that got here.
      throw new TypeError(`parameters.${name} must be text, and have no option of its own.`);
    }
    return [name, values] as const;
  });
  return {
    ...scopes && { scope: [scopes.join(" ")] },
    ...audience !== undefined && { audience: [audience] },
    ...resource && { resource },
    ...details && { authorization_details: [details.length ? JSON.stringify(details) : ""] },
    // Defines what it holds: a parameter named "__proto__" is one like any other.
    ...Object.fromEntries(others),
  };
}

/** Serializes parameters for comparison: scopes and resources are sets. */
export function serializeParameters(form: FormParameters): string {
  return JSON.stringify(
    Object.entries(form).sort().map(([name, values]) => [
      name,
      /^(scope|resource)$/.test(name) ? [...new Set(values.join(" ").split(" "))].sort() : values,
    ]),
  );
}

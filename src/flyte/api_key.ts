/**
 * Parses the API keys of Flyte and Union.
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { parseUrl } from "../arguments.ts";
import { platformUrl } from "../env/platform_url.ts";

/**
 * Holds the parts of an API key.
 *
 * `console.log`, `Deno.inspect`, `JSON.stringify`, spreading and cloning don't show `clientSecret`.
 */
export interface FlyteApiKey {
  /** The platform, as the key has it: `flyte.example.com`, `dns:///flyte.example.com:8089` or a URL. */
  readonly endpoint: string;
  /** The client's identifier. */
  readonly clientId: string;
  /** The client's secret. */
  readonly clientSecret: string;
  /** The organisation, if the key has one. */
  readonly org?: string;
}

class ParsedApiKey implements FlyteApiKey {
  readonly endpoint: string;
  readonly clientId: string;
  declare readonly org?: string;
  // A function, for browsers' consoles show private fields.
  readonly #clientSecret: () => string;
  readonly #isUnclear: boolean;

  constructor(endpoint: string, clientId: string, clientSecret: string, org: string | undefined, isUnclear: boolean) {
    this.#isUnclear = isUnclear;
    this.endpoint = endpoint;
    this.clientId = clientId;
    this.#clientSecret = () => clientSecret;
    if (org !== undefined) this.org = org;
  }

  get clientSecret(): string {
    return this.#clientSecret();
  }

  static {
    // Deno, Node and Bun would otherwise show the getter's value with `getters: true`.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), {
      value(this: ParsedApiKey) {
        return this.toJSON();
      },
    });
  }

  toJSON(): Record<string, unknown> {
    const { endpoint, org } = this;
    return { endpoint, clientId: this.#isUnclear ? redacted : this.clientId, clientSecret: redacted, org };
  }
}

const redacted = "[redacted]";

/**
 * Parses an API key of Flyte or Union.
 *
 * A key is base64 or base64url, with or without padding, of `endpoint:client_id:client_secret:org` or
 * `endpoint:client_id:client_secret`. White space, and line breaks at the end of the decoded text, are ignored. An `org`
 * that is empty or `None` is absent.
 *
 * Colons within fields are allowed, unlike in Flyte's own parsers:
 *
 * - The endpoint may begin with a scheme (`dns:///`, `https://`) and end with a port: a number up to 65535 that is followed
 *   by two fields or more. In `host:8089:id:secret` the number may be a client id, and `id` the secret: there the client
 *   id isn't shown either.
 * - The client id and the organisation, which is the last of three fields or more after the endpoint, hold no colon.
 *   Endpoint and client id hold no `@`, which would separate a URL's password.
 * - The rest is the secret. It may hold colons only in a key with an organisation.
 *
 * @example
 * ```ts
 * import { parseFlyteApiKey } from "@m2m/authenticator/config-store/flyte";
 * import { assertEquals } from "@std/assert";
 *
 * const key = parseFlyteApiKey(btoa("dns:///flyte.example.com:8089:my-client:my-secret:acme"));
 * assertEquals([key.endpoint, key.clientId, key.org], ["dns:///flyte.example.com:8089", "my-client", "acme"]);
 * assertEquals(key.clientSecret, "my-secret");
 * console.log(key); // the secret isn't shown
 * ```
 *
 * @param text The key.
 * @returns Its parts.
 * @throws {TypeError} If the text isn't an API key. The message shows nothing of it.
 */
export function parseFlyteApiKey(text: string): FlyteApiKey {
  // `echo … | base64` encodes a line break as well.
  const { host, port, fields } = split(decode(text).replace(/[\r\n]+$/, ""));
  const isUnclear = port !== undefined && fields.length === 2;
  const [clientId = "", ...others] = fields;
  const org = others.length > 1 ? others.pop() : undefined;
  const clientSecret = others.join(":");
  const endpoint = port === undefined ? host : `${host}:${port}`;
  if (
    clientId === "" || clientSecret === "" || `${host}${clientId}`.includes("@") || !parseUrl(platformUrl(endpoint))
  ) throw makeKeyError();
  return new ParsedApiKey(
    endpoint,
    clientId,
    clientSecret,
    org === "" || org === "None" ? undefined : org,
    isUnclear,
  );
}

function decode(text: unknown): string {
  if (typeof text !== "string") throw makeKeyError();
  const base64 = text.replace(/\s+/g, "").replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(decodeBase64(base64));
  } catch {
    // The decoder's message quotes the text.
    throw makeKeyError();
  }
}

function split(text: string): { host: string; port: string | undefined; fields: string[] } {
  const [, host = "", rest = ""] = /^((?:[a-z][a-z0-9+.-]*:\/\/\/?)?(?:\[[^\]]*\][^:]*|[^:]+)):(.*)$/is.exec(text) ??
    [];
  const fields = rest.split(":");
  const isPort = fields.length > 2 && /^\d{1,5}(\/.*)?$/.test(fields[0]!) && parseInt(fields[0]!) < 65_536;
  return { host, port: isPort ? fields.shift() : undefined, fields };
}

function makeKeyError(): TypeError {
  return new TypeError(
    "An API key of Flyte must be base64 of endpoint:client_id:client_secret or endpoint:client_id:client_secret:org. " +
      "Copy the key again.",
  );
}

/**
 * Reads the API keys that Flyte's and Union's tools give out.
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { platformUrl } from "../env/platform_url.ts";

/**
 * What an API key holds. The secret is there to be read, and nowhere else: `console.log`, `Deno.inspect`,
 * `JSON.stringify`, spreading and cloning all leave it out.
 */
export interface FlyteApiKey {
  /** The platform, as the key writes it: `flyte.example.com`, `dns:///flyte.example.com:8089` or a URL. */
  readonly endpoint: string;
  /** The client's identifier. */
  readonly clientId: string;
  /** The client's secret. */
  readonly clientSecret: string;
  /** The organisation, where the key names one. */
  readonly org?: string;
}

class ParsedApiKey implements FlyteApiKey {
  readonly endpoint: string;
  readonly clientId: string;
  declare readonly org?: string;
  // No printer, serializer or copy reads private fields, except browsers' consoles: so it holds a function.
  readonly #clientSecret: () => string;
  readonly #isGuessed: boolean;

  constructor(endpoint: string, clientId: string, clientSecret: string, org: string | undefined, isGuessed: boolean) {
    this.#isGuessed = isGuessed;
    this.endpoint = endpoint;
    this.clientId = clientId;
    this.#clientSecret = () => clientSecret;
    if (org !== undefined) this.org = org;
  }

  get clientSecret(): string {
    return this.#clientSecret();
  }

  static {
    // Printers that call getters when told to (Deno, Node and Bun ask this first) get what JSON gets.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), {
      value(this: ParsedApiKey) {
        return this.toJSON();
      },
    });
  }

  toJSON(): Record<string, unknown> {
    const { endpoint, org } = this;
    return { endpoint, clientId: this.#isGuessed ? redacted : this.clientId, clientSecret: redacted, org };
  }
}

const redacted = "[redacted]";

/**
 * Reads an API key of Flyte or Union: base64, of either alphabet and with or without padding, white space and line breaks at the end of what
 * it holds, of `endpoint:client_id:client_secret:org` or `endpoint:client_id:client_secret`. An `org` that is empty or `None` (as their
 * tools write it where there is none) is absent.
 *
 * Colons within the fields, which Flyte's own readers stumble over, are told apart from those between them so:
 *
 * - From the front, the endpoint may begin with a scheme (`dns:///`, `https://`) and end in a port: a number up to 65535
 *   with a client id and a secret behind it. A client id that is such a number is taken for a port if an organisation, or
 *   a secret with colons, stands behind it. In `host:8089:id:secret` nobody can tell, so the client id isn't printed
 *   there either: if the number were one, the third field would be the secret.
 * - Then comes the client id, up to the next colon, and from the end, where there is one field more, the organisation.
 *   Neither holds a colon. Neither endpoint nor client id holds an `@`: that is a URL's password.
 * - What is left is the secret, its colons included. In a key without an organisation a secret can't hold any, for its
 *   last part would be one.
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
 * @returns What it holds.
 * @throws {TypeError} If it is no such key. Nothing of it is shown.
 */
export function parseFlyteApiKey(text: string): FlyteApiKey {
  // Who encodes by "echo … | base64" encodes a line break as well.
  const { host, port, fields } = split(decode(text).replace(/[\r\n]+$/, ""));
  const isGuessed = port !== undefined && fields.length === 2;
  const [clientId = "", ...others] = fields;
  // "client_id:client_secret" alone, or with an organisation behind it.
  const org = others.length > 1 ? others.pop() : undefined;
  const clientSecret = others.join(":");
  const endpoint = port === undefined ? host : `${host}:${port}`;
  if (
    clientId === "" || clientSecret === "" || `${host}${clientId}`.includes("@") || !URL.canParse(platformUrl(endpoint))
  ) throw malformed();
  return new ParsedApiKey(endpoint, clientId, clientSecret, org === "" || org === "None" ? undefined : org, isGuessed);
}

function decode(text: unknown): string {
  if (typeof text !== "string") throw malformed();
  const base64 = text.replace(/\s+/g, "").replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(decodeBase64(base64));
  } catch {
    // The decoder's own words quote what it doesn't like.
    throw malformed();
  }
}

function split(text: string): { host: string; port: string | undefined; fields: string[] } {
  const [, host = "", rest = ""] = /^((?:[a-z][a-z0-9+.-]*:\/\/\/?)?(?:\[[^\]]*\][^:]*|[^:]+)):(.*)$/is.exec(text) ??
    [];
  const fields = rest.split(":");
  const isPort = fields.length > 2 && /^\d{1,5}(\/.*)?$/.test(fields[0]!) && parseInt(fields[0]!) < 65_536;
  return { host, port: isPort ? fields.shift() : undefined, fields };
}

function malformed(): TypeError {
  return new TypeError(
    "An API key of Flyte must be base64 of endpoint:client_id:client_secret:org, or of the same without the org. This " +
      "text, which isn't shown, is none: copy the key anew.",
  );
}

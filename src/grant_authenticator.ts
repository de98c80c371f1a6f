/**
 * What all grants at a token endpoint have in common: settings from a store, client authentication, one request.
 *
 * @module
 */

import { Authenticator, type AuthenticatorOptions } from "./authenticator.ts";
import { type BasicEncoding, getBasicAuthorizationHeader } from "./client_auth/basic_authorization.ts";
import type { ClientAuth, ClientSecret, TokenRequest } from "./client_auth/client_auth.ts";
import { type Clock, systemClock } from "./clock.ts";
import { checkDuration, checkFunction, checkString, refuse } from "./arguments.ts";
import type { ClientConfig, ClientConfigStore } from "./config_store/client_config_store.ts";
import { AuthenticationError } from "./errors.ts";
import { Family } from "./family.ts";
import { waitFor } from "./refresh/deadlines.ts";
import type { SharedHealth } from "./refresh/tokens.ts";
import type { IssuedCredentials, TokenSourceRequest } from "./token_source.ts";
import {
  type FormParameters,
  formParameters,
  serializeParameters,
  type TokenRequestOptions,
} from "./token_endpoint/parameters.ts";
import { chooseClientAuth, defaultTimeout } from "./token_endpoint/get_token.ts";
import { RejectionCache } from "./token_endpoint/rejection_cache.ts";
import { grantSource } from "./token_endpoint/grant_source.ts";
import type { TokenRevocation } from "./token_endpoint/token_revocation.ts";

/** Settings that every {@linkcode GrantAuthenticator} takes. */
export interface GrantAuthenticatorOptions extends AuthenticatorOptions, TokenRequestOptions {
  /** The client's identifier at the authorization server. */
  clientId: string;
  /** The client's secret, or a function that looks it up each time it is needed. */
  clientSecret?: ClientSecret | undefined;
  /**
   * How id and secret are written in the `Authorization` header. Default: `"form"` (RFC 6749 §2.3.1); servers that
   * don't decode want `"raw"`.
   */
  basicEncoding?: BasicEncoding | undefined;
  /** How the client proves who it is, in place of `clientSecret`. */
  clientAuth?: ClientAuth | undefined;
  /** Where the token endpoint and the other settings come from. Asked when a token is needed, never before. */
  configStore: ClientConfigStore;
  /**
   * Has the last word on each token request, after client authentication: headers, or parameters that are secret (name
   * those to `request.conceal`). Default: requests go out as they are.
   */
  customize?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  /** Gives the token back when the authenticator is closed (RFC 7009): made by `tokenRevocation`. Default: none. */
  revocation?: TokenRevocation | undefined;
  /**
   * How long a request that was refused for good (a wrong secret, say) isn't sent again, in milliseconds; who asks
   * meanwhile gets the same error. Another secret, or any other change, is sent at once. Default: 5,000; 0 for never.
   */
  cooldown?: number | undefined;
  /** Lets the token endpoint be `http:` elsewhere than on loopback. Default: `false`. */
  allowInsecureRequests?: boolean | undefined;
}

/** What {@linkcode GrantAuthenticator.with} may say otherwise. What isn't said stays as it is. */
export interface WithOptions
  extends TokenRequestOptions, Partial<Pick<AuthenticatorOptions, "endpoint" | "headerKey" | "allowedOrigins">> {}

/** What a derived authenticator gets from the one it is made from. */
interface Heritage {
  readonly family: Family<GrantAuthenticator>;
  readonly form: FormParameters;
}

const defaultCooldown = 5_000;
/** How many tokens are given back at once. */
const revocationsAtOnce = 10;
/** Under this name the options of a derived authenticator hold its heritage. */
const inherited = Symbol();

const changeable: Readonly<Record<keyof WithOptions, true>> = {
  ...{ scopes: true, audience: true, resource: true, authorizationDetails: true, parameters: true },
  ...{ endpoint: true, headerKey: true, allowedOrigins: true },
};

/**
 * What all grants at a token endpoint have in common. There is {@linkcode ClientCredentialsAuthenticator}; extend this
 * one for a grant that needs more in its request. The constructor of yours takes one object of options and hands all of it
 * to `super`: {@linkcode GrantAuthenticator.with} calls it with others.
 *
 * @example A grant that sends a code
 * ```ts
 * import { GrantAuthenticator, StaticClientConfigStore, type TokenRequest } from "@m2m/authenticator";
 *
 * class DeviceAuthenticator extends GrantAuthenticator {
 *   protected override get grantType(): string {
 *     return "client_credentials"; // the one that is at hand here
 *   }
 *
 *   protected override prepareTokenRequest(request: TokenRequest): void {
 *     request.body.set("device", "rack-7");
 *   }
 * }
 *
 * const authenticator = new DeviceAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const headers = await authenticator.authorize(new Headers());
 * console.log(headers.has("authorization")); // true
 * ```
 */
export abstract class GrantAuthenticator extends Authenticator {
  readonly #options: GrantAuthenticatorOptions & {
    readonly clientAuth: ClientAuth;
    readonly timeout: number;
    readonly cooldown: number;
    readonly clock: Clock;
  };
  readonly #form: FormParameters;
  #ownFamily: Family<GrantAuthenticator> | undefined;
  #closing: Promise<void> | undefined;
  #source: ReturnType<typeof grantSource> | undefined;
  /** The settings it was issued under. */
  #config: ClientConfig | undefined;

  /**
   * Checks its settings; asks neither the store nor the server.
   *
   * @param options The settings.
   * @throws {TypeError} If a setting is missing or can't be what it should be, or this runtime can't do it.
   * @throws {RangeError} If a duration is out of range.
   */
  constructor(options: GrantAuthenticatorOptions) {
    super(options);
    const { clientId, configStore, basicEncoding, timeout = defaultTimeout, cooldown = defaultCooldown } = options;
    const { clock = systemClock } = options;
    checkString("clientId", clientId);
    if (typeof configStore?.getClientConfig !== "function") {
      refuse("configStore", "a ClientConfigStore, such as new StaticClientConfigStore({ tokenEndpoint })", configStore);
    }
    // Refused here for its colon, if at all, and not when the first token is needed.
    if (basicEncoding === "raw") getBasicAuthorizationHeader(clientId, "", { encoding: basicEncoding });
    checkDuration("timeout", timeout);
    if (!(typeof cooldown === "number" && cooldown >= 0)) {
      throw new RangeError("cooldown must be a number of milliseconds, 0 or more.");
    }
    checkFunction("customize", options.customize);
    if (options.revocation && !options.revocation.revoke) {
      refuse("revocation", "what tokenRevocation() returns", options.revocation);
    }
    const clientAuth = chooseClientAuth(options);
    const endpoint = String(options.endpoint);
    const allowedOrigins = options.allowedOrigins?.map(String);
    // What holds a secret isn't kept: the way out and the client authentication have it. What the caller may change is
    // copied.
    const gone = { clientSecret: undefined, httpProxyUrl: undefined, clientCertificate: undefined };
    const settings = { basicEncoding: undefined, verify: undefined, timeout, cooldown, clock, clientAuth };
    this.#options = { ...options, endpoint, allowedOrigins, ...settings, ...gone };
    const heritage = (options as { readonly [inherited]?: Heritage })[inherited];
    this.#form = heritage?.form ?? formParameters(options);
    this.#ownFamily = heritage?.family;
  }

  /** The `grant_type` of the token request. */
  protected abstract get grantType(): string;

  /** The types of token that are taken (RFC 6749 §7.1). Default: those of `dpop`, else `Bearer`. */
  protected get tokenTypes(): readonly string[] {
    return this.#options.dpop?.tokenTypes ?? ["Bearer"];
  }

  /**
   * Puts on a token request what the grant needs besides. Called for every attempt, after client authentication.
   * Default: nothing.
   *
   * @param _request The request to add to; what is secret in it is to be named to its `conceal`.
   * @returns Nothing, or a promise that settles when it is done.
   */
  protected prepareTokenRequest(_request: TokenRequest): void | Promise<void> {}

  /**
   * An authenticator that asks for something else, and otherwise is like this one: with its client authentication, store,
   * and way out. Each has a token of its own; who wishes for the same (scopes and resources in any order) gets the same
   * authenticator, also for this one's own wishes: closing it ends it for all who have it. The 10,000 asked for last are
   * kept. `parameters` are changed one by one; an empty one isn't sent.
   *
   * @example One client, two APIs
   * ```ts
   * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
   *
   * const authenticator = new ClientCredentialsAuthenticator({
   *   endpoint: "https://api.example.com",
   *   clientId: "my-client",
   *   clientSecret: "my-secret",
   *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
   * });
   * const readOnly = authenticator.with({ audience: "https://api.example.com", scopes: ["api:read"] });
   * const response = await readOnly.fetch("/v1/projects");
   * console.log(response.status, await response.json());
   * ```
   *
   * @param other What is to be otherwise.
   * @returns The authenticator. Its `close` ends its own token requests; that of the first one ends those of all that
   * are kept.
   * @throws {TypeError} If something can't be what it should be.
   */
  with(other: WithOptions): this {
    // Whoever passes another client or subject would get the token of this one.
    const fixed = Object.keys(other).find((name) => !(name in changeable));
    if (fixed) throw new TypeError(`${fixed} can't be changed by with: make another authenticator.`);
    const options = this.#options;
    const { headerKey = options.headerKey, allowedOrigins = options.allowedOrigins } = other;
    const endpoint = String(other.endpoint ?? options.endpoint);
    const form = { ...this.#form, ...formParameters(other) };
    const family = this.#family;
    return family.member(wishesOf(form, { endpoint, headerKey, allowedOrigins }), () => {
      const heritage: Heritage = { family, form };
      const make = this.constructor as new (options: GrantAuthenticatorOptions) => this;
      const { transportFetch: fetch } = this;
      const own = { ...options, ...other, endpoint, headerKey, allowedOrigins, fetch, [inherited]: heritage };
      const member = new make(own);
      if (member.#ownFamily !== family) {
        throw new TypeError("with needs a constructor that hands all of its options to super.");
      }
      return member;
    }) as this;
  }

  /**
   * Ends what is under way, as {@linkcode Authenticator.close} does, here and in the authenticators made from this one.
   * With `revocation`, the token is given back then.
   *
   * @throws {AuthenticationError} If the token couldn't be given back; all else is done.
   */
  override close(): Promise<void> {
    return this.#closing ??= this.#closeAll();
  }

  async #closeAll(): Promise<void> {
    const { root, members } = this.#family;
    const ended = root === this ? members : [this];
    await Promise.all(ended.map((member) => member.#end()));
    const { revocation, timeout } = this.#options;
    if (revocation === undefined) return;
    // One that fails is no reason to keep the others' tokens.
    const failures: unknown[] = [];
    const revokeAll = async () => {
      while (ended.length > 0) {
        const some = ended.splice(0, revocationsAtOnce);
        await Promise.all(some.map((member) => member.#revoke().catch((error) => failures.push(error))));
      }
    };
    const error = () =>
      failures[0] ?? new AuthenticationError("timeout", `Cannot revoke the tokens: no answer within ${timeout} ms.`, {
        retryable: true,
      });
    await waitFor(revokeAll(), { timeout, error, signal: undefined }).catch((error) => failures.push(error));
    ended.length = 0;
    // What the transport opened for it.
    await this.#end();
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Asks the config store for the settings, then the token endpoint for a token.
   *
   * @param signal Ends the request.
   * @param request Why it is made, and for whom.
   * @returns The credentials, and the header the store names for them.
   */
  protected override async requestCredentials(
    signal: AbortSignal,
    request: TokenSourceRequest,
  ): Promise<IssuedCredentials> {
    const granted = await (this.#source ??= this.#makeSource())(request);
    signal.throwIfAborted();
    this.#config = granted.config;
    return granted;
  }

  #makeSource(): ReturnType<typeof grantSource> {
    return grantSource({
      ...this.#options,
      grantType: this.grantType,
      form: this.#form,
      prepare: (request) => this.prepareTokenRequest(request),
      fetch: this.transportFetch,
      tokenTypes: this.tokenTypes,
      rejections: this.#family.rejections,
    });
  }

  /** All authenticators derived from one another ask one token endpoint. */
  protected override get sharedHealth(): SharedHealth {
    return this.#family.endpoint;
  }

  #end(): Promise<void> {
    return super.close();
  }

  async #revoke(): Promise<void> {
    const credentials = this.forgetCredentials();
    const config = this.#config;
    if (credentials === undefined || config === undefined) return;
    const { transportFetch: fetch } = this;
    await this.#options.revocation?.revoke({ ...this.#options, credentials, config, fetch });
  }

  get #family(): Family<GrantAuthenticator> {
    const { cooldown, clock } = this.#options;
    return this.#ownFamily ??= new Family<GrantAuthenticator>(
      this,
      wishesOf(this.#form, this.#options),
      new RejectionCache(cooldown, clock),
    );
  }
}

/** The same text for those who would ask for the same token, and send it to the same places. */
function wishesOf(
  form: FormParameters,
  { endpoint, headerKey, allowedOrigins }: Pick<GrantAuthenticatorOptions, "endpoint" | "headerKey" | "allowedOrigins">,
): string {
  return JSON.stringify([serializeParameters(form), endpoint, headerKey, allowedOrigins]);
}

/** The part of oidc-provider that the authorization server uses; the package has no types. */

type Parameters = Record<string, string | string[]>;

/** Koa's context, with what oidc-provider adds once a request has found its route. */
export interface Context {
  readonly path: string;
  readonly href: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly status: number;
  readonly socket: { readonly destroyed: boolean };
  body: unknown;
  /** `body` is the decoded form, parameters unknown to the grant included. */
  readonly oidc?: { readonly body?: Readonly<Parameters> };
}

/** The same inside the handler of a grant. */
export interface GrantContext extends Context {
  readonly oidc: {
    readonly body: Readonly<Parameters>;
    readonly params: Partial<Parameters>;
    readonly client: Client;
    readonly requestParamScopes: ReadonlySet<string>;
  };
}

/** An access token of a client. */
export interface ClientCredentialsToken {
  resourceServer: unknown;
  aud: unknown;
  readonly clientId: string;
  readonly expiration: number;
  readonly tokenType: string;
  save(): Promise<string>;
}

export interface Client {
  readonly clientId: string;
  compareClientSecret(actual: string): boolean;
}

export class Provider {
  constructor(issuer: string, configuration: object);
  use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): this;
  on(event: "error", listener: (error: Error & { code?: string }) => void): this;
  registerGrantType(name: string, handle: (context: GrantContext) => Promise<void>, ...parameters: string[][]): void;
  callback(): (request: unknown, response: unknown) => void;
  readonly ClientCredentials: {
    new (properties: { client: unknown; scope: string | undefined }): ClientCredentialsToken;
    find(token: string): Promise<ClientCredentialsToken | undefined>;
  };
  readonly ReplayDetection: { unique(issuer: string, jti: string, exp: number): Promise<boolean> };
  /** Classes made for this provider alone. */
  readonly Client: { prototype: Client };
  readonly OIDCContext: {
    prototype: {
      readonly route?: string;
      clientJwtAuthExpectedAudience(): Set<string>;
      urlFor(name: string, options?: unknown): string;
    };
  };
}

/** `invalid_target` of RFC 8707. */
export class InvalidTarget extends Error {}

/** Any error of RFC 6749 §5.2, with a description. */
export class CustomOIDCProviderError extends Error {
  constructor(error: string, description: string);
}

type ResourceServer = { scope: string; audience: string };
export function resolveRequestedResources(provider: Provider, context: GrantContext): Promise<ResourceServer[]>;

export function createMemoryAdapter(): unknown;

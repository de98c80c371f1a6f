/** What the authorization server here uses of oidc-provider, which comes without types. */

/** Koa's context, with what oidc-provider adds once a request has found its route. */
export interface Context {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly status: number;
  readonly socket: { readonly destroyed: boolean };
  /** The request's whole URL. */
  readonly href: string;
  body: unknown;
  readonly oidc?: {
    /** The decoded form, before the parameters unknown to the grant are taken out. */
    readonly body?: Readonly<Record<string, string | string[]>>;
  };
}

/** The same inside the handler of a grant. */
export interface GrantContext extends Context {
  readonly oidc: {
    readonly body: Readonly<Record<string, string | string[]>>;
    readonly params: Record<string, string | string[] | undefined>;
    readonly client: { readonly clientId: string };
    readonly requestParamScopes: ReadonlySet<string>;
  };
}

/** An access token that stands for the client itself. */
export interface ClientCredentialsToken {
  resourceServer: ResourceServer | undefined;
  aud: unknown;
  readonly clientId: string;
  readonly expiration: number;
  readonly tokenType: string;
  save(): Promise<string>;
}

export interface ResourceServer {
  scope: string;
  audience: string;
  accessTokenFormat: "opaque" | "jwt";
  jwt: { sign: { alg: string } };
}

export interface Adapter {
  upsert(id: string, payload: Record<string, unknown>, expiresIn?: number): Promise<void>;
  find(id: string): Promise<Record<string, unknown> | undefined>;
  destroy(id: string): Promise<void>;
}

interface Switch {
  enabled: boolean;
}

/** RFC 8705, as the provider asks whoever ends the TLS connection. */
export interface MutualTlsFeature extends Switch {
  tlsClientAuth: boolean;
  selfSignedTlsClientAuth: boolean;
  certificateBoundAccessTokens: boolean;
  /** The client's certificate as PEM text, where one was shown. */
  getCertificate(context: Context): string | undefined;
  certificateAuthorized(context: Context): boolean;
  /** Whether the certificate says what is registered for the client under a name such as `tls_client_auth_san_dns`. */
  certificateSubjectMatches(context: Context, property: string, expected: string): boolean;
}

export interface Configuration {
  adapter: new (model: string) => Adapter;
  clients: object[];
  clientBasedCORS(): boolean;
  clientDefaults: Record<string, unknown>;
  clientAuthMethods: string[];
  cookies: { keys: string[] };
  /** What is published besides what the server says of itself. */
  discovery: Record<string, unknown>;
  enabledJWA: Record<string, string[]>;
  extraTokenClaims(context: Context): Record<string, unknown>;
  features: {
    resourceIndicators: Switch & {
      defaultResource(context: Context): string | string[];
      useGrantedResource(): boolean;
      getResourceServerInfo(context: Context, resource: string): ResourceServer;
    };
    clientCredentials: Switch;
    introspection: Switch & { allowedPolicy(): boolean };
    revocation: Switch & {
      allowedPolicy(context: Context, client: { clientId: string }, token: { clientId: string }): boolean;
    };
    richAuthorizationRequests: Switch & {
      types: Record<string, { validate(): void }>;
      authorizationDetailsForAccessToken(context: GrantContext): unknown;
    };
    devInteractions: Switch;
    mTLS?: MutualTlsFeature;
    dPoP: Switch & { nonceSecret?: Uint8Array; requireNonce?(): boolean };
    pushedAuthorizationRequests: Switch;
    rpInitiatedLogout: Switch;
    userinfo: Switch;
  };
  renderError(context: Context, error: Record<string, string>): void;
  jwks: { keys: object[] };
  responseTypes: string[];
  scopes: string[];
  ttl: Record<string, () => number>;
}

export class Provider {
  constructor(issuer: string, configuration: Configuration);
  use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): this;
  on(event: "error", listener: (error: Error & { code?: string }) => void): this;
  registerGrantType(
    name: string,
    handler: (context: GrantContext) => Promise<void>,
    parameters: readonly string[],
    repeatable: readonly string[],
  ): void;
  readonly ClientCredentials: {
    new (properties: { client: unknown; scope: string | undefined }): ClientCredentialsToken;
    find(token: string): Promise<ClientCredentialsToken | undefined>;
  };
  readonly ReplayDetection: { unique(issuer: string, jti: string, exp: number): Promise<boolean> };
  callback(): (request: unknown, response: unknown) => void;
  /** What `context.oidc` is, made for this provider alone. */
  readonly OIDCContext: {
    prototype: {
      readonly route?: string;
      clientJwtAuthExpectedAudience(): Set<string>;
      urlFor(name: string, options?: unknown): string;
    };
  };
  /** What a registered client is, made for this provider alone. */
  readonly Client: { prototype: Client };
}

export interface Client {
  readonly clientId: string;
  compareClientSecret(actual: string): boolean;
}

/** RFC 8707's `invalid_target`: the audience asked for is none the server gives tokens for. */
export class InvalidTarget extends Error {}

/** Any error of RFC 6749 §5.2, with a description. */
export class CustomOIDCProviderError extends Error {
  constructor(error: string, description: string);
}

export function resolveRequestedResources(provider: Provider, context: GrantContext): Promise<ResourceServer[]>;

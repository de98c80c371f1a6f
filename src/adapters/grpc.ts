/**
 * Call credentials for gRPC (`@grpc/grpc-js`), and an interceptor for calls whose token is rejected.
 *
 * @module
 */

import { checkUrl, throwInvalid } from "../arguments.ts";
import type { Authenticator } from "../authenticator.ts";
import { AuthenticationError } from "../errors.ts";
import { requireBearer } from "./bound_tokens.ts";
import type { GrpcMetadata } from "./grpc_interceptor.ts";

export * from "./grpc_interceptor.ts";

/** What gRPC tells a generator of metadata about the call. */
export interface GrpcCallDescription {
  /** The host and the service, as in `https://api.example.com/projects.Projects`: without port. */
  service_url: string;
}

/** Generates the metadata of a call, and hands them to the callback. */
export type GrpcMetadataGenerator<Metadata> = (
  call: GrpcCallDescription,
  callback: (error: Error | null, metadata?: Metadata) => void,
) => void;

/** The part of the module `@grpc/grpc-js` that makes call credentials. */
export interface GrpcCredentialsModule<Metadata extends Pick<GrpcMetadata, "set">, CallCredentials> {
  /** The class of metadata. */
  Metadata: new () => Metadata;
  /** What makes credentials. */
  credentials: {
    /**
     * Makes call credentials.
     *
     * @param generator Generates the metadata of each call.
     * @returns The credentials.
     */
    createFromMetadataGenerator(generator: GrpcMetadataGenerator<Metadata>): CallCredentials;
  };
}

/** Options of {@linkcode grpcCallCredentials}. */
export interface GrpcCallCredentialsOptions {
  /** The URL whose host gets the token; its port doesn't count, for gRPC doesn't tell it. Default: the authenticator's `endpoint`. */
  endpoint?: string | URL | undefined;
}

/**
 * Makes call credentials for gRPC: a live token for each call.
 *
 * Combine them with a secure channel's credentials, as in the example. gRPC refuses to combine them with insecure ones; never
 * pass them as a call's own option (`credentials`), which would send the token unencrypted on an insecure channel. A call to
 * another host fails without a token. A call that sets `authorization` itself is ended by gRPC with `INTERNAL`.
 *
 * Where no token is to be had, calls end with `UNAVAILABLE` if trying again may help, else with `UNAUTHENTICATED`.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a gRPC server.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { grpcCallCredentials, grpcInterceptor } from "@m2m/authenticator/adapters/grpc";
 * import * as grpc from "@grpc/grpc-js";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const { createSsl, combineChannelCredentials } = grpc.credentials;
 * const credentials = combineChannelCredentials(createSsl(), grpcCallCredentials(authenticator, grpc));
 * const interceptors = [grpcInterceptor(authenticator, grpc)];
 * const client = new grpc.Client("api.example.com:443", credentials, { interceptors });
 * ```
 *
 * @param authenticator The authenticator.
 * @param grpc The module `@grpc/grpc-js`.
 * @param options The host that gets the token.
 * @returns The call credentials.
 * @throws {TypeError} If `grpc` isn't that module, or the endpoint can't be used.
 */
export function grpcCallCredentials<Metadata extends Pick<GrpcMetadata, "set">, CallCredentials>(
  authenticator: Pick<Authenticator, "explain" | "getCredentials">,
  grpc: GrpcCredentialsModule<Metadata, CallCredentials>,
  options: GrpcCallCredentialsOptions = {},
): CallCredentials {
  if (typeof grpc?.credentials?.createFromMetadataGenerator !== "function") {
    throwInvalid("grpc", "the module @grpc/grpc-js", grpc);
  }
  const { hostname } = checkUrl("endpoint", options.endpoint ?? authenticator.explain().endpoint);
  async function generate(serviceUrl: string): Promise<Metadata> {
    if (new URL(serviceUrl).hostname !== hostname) {
      const advice = "Use a channel without these credentials, or name the host as endpoint.";
      throw withStatus(`Cannot send the token: it is for "${hostname}". ${advice}`, permissionDenied);
    }
    const { tokenType, accessToken } = requireBearer(await authenticator.getCredentials());
    const metadata = new grpc.Metadata();
    metadata.set("authorization", `${tokenType} ${accessToken}`);
    return metadata;
  }
  return grpc.credentials.createFromMetadataGenerator(({ service_url }, callback) => {
    generate(service_url).then((metadata) => callback(null, metadata), (error) => callback(chooseStatus(error)));
  });
}

/** Codes of gRPC. */
const [permissionDenied, unavailable, unauthenticated] = [7, 14, 16];

/** An error whose code is gRPC's. gRPC shows its message. */
function withStatus(message: string, code: number): Error {
  return Object.assign(new Error(message), { code });
}

function chooseStatus(error: Error): Error {
  const mayHelp = error instanceof AuthenticationError && error.retryable;
  return "code" in error && typeof error.code === "number"
    ? error
    : withStatus(error.message, mayHelp ? unavailable : unauthenticated);
}

/** A real authorization server, and an API that accepts its tokens. @module */
import { type AuthorizationServerOptions, startAuthorizationServer } from "../servers/authorization_server.ts";
import { type ProtectedApiOptions, startProtectedApi } from "../servers/protected_api.ts";

/** Starts both. */
export async function startPlace(options: AuthorizationServerOptions, apiOptions: Partial<ProtectedApiOptions> = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startAuthorizationServer(options));
  const api = stack.use(startProtectedApi({ ...server, audience: server.issuer, ...apiOptions }));
  return Object.assign(stack.move(), { server, api });
}

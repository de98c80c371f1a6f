/**
 * A script that sends its arguments over a WebSocket, and prints as many answers. Run for hours it would stay connected: the
 * connection is replaced for each new token, before the old one expires, and no message is lost.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-net=api.example.com,auth.example.com websocket.ts hello world
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`, and `M2M_SCOPES` (space
 * separated).
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { reconnectingWebSocket } from "@m2m/authenticator/adapters/websocket";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: setting("M2M_SCOPES").split(" "),
  }),
});

let awaited = Deno.args.length;
const connection = reconnectingWebSocket(authenticator, "/events", {
  onMessage(data) {
    console.log(data);
    if (--awaited === 0) connection.close();
  },
  onError: ({ message }) => console.error(message),
});
for (const message of Deno.args) connection.send(message);

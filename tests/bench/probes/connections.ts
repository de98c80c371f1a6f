/** TCP connections to an API that rejects each client's first call with a body of 64 kB. Node alone. @module */

import { createServer } from "node:http";
import { answer, input, loadLibrary } from "./probe.ts";

const tries = input.smoke ? 2 : 10;
let connections = 0;
let calls = 0;
const rejection = "x".repeat(65_536);
const server = createServer((_request, response) => {
  const isRejected = calls++ % 2 === 0;
  response.writeHead(isRejected ? 401 : 200).end(isRejected ? rejection : "{}");
});
server.on("connection", () => connections++);
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = server.address();
const port = typeof address === "object" ? address?.port : undefined;
const api = `http://127.0.0.1:${port}`;
const library = await loadLibrary(input.clients[0]!);
let replayed = 0;
for (let index = 0; index < tries; index++) {
  const client = library.make({ api, tokenEndpoint: `${input.api}/token` });
  await client.getToken();
  const response = await client.fetch("/item");
  await response.text();
  if (response.ok) replayed++;
  else calls++;
}
// A spare connection is opened after the body was cancelled.
await new Promise((resolve) => setTimeout(resolve, 100));
answer(replayed === tries ? connections / tries : null);

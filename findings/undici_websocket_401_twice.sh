#!/usr/bin/env bash
# undici 7.30.2, which is Node 24's WebSocket: an upgrade that the server refuses with 401 is sent twice.
#
# A refused upgrade is one request, one would think, as it is with any other status, and on Deno and Bun. But undici is
# prepared for a user and a password in the URL: also without them, a 401 has the same request sent again, on another
# connection, before the WebSocket closes with 1006. So a server counts two failed sign-ins for each attempt, which limits or
# locks out a client at half the number that is meant, and a ticket for one use is presented twice. A fetch that gets a 401
# sends nothing again.
#
# Seen: two upgrades for 401, one for 403 and for fetch. Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" undici@7.30.2
cat > program.mjs <<'PROGRAM'
import { createServer } from "node:http";
import { fetch, WebSocket } from "undici";

const statuses = { 401: "Unauthorized", 403: "Forbidden" };
async function count(status, send) {
  let requests = 0;
  const server = createServer((_, response) => (requests++, response.writeHead(status).end()));
  server.on("upgrade", (_, socket) => {
    requests++;
    socket.end(`HTTP/1.1 ${status} ${statuses[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const outcome = await send(`127.0.0.1:${server.address().port}`);
  server.close();
  return `${requests} request(s), ${outcome}`;
}
const open = (host) =>
  new Promise((resolve) => {
    const socket = new WebSocket(`ws://${host}/`);
    socket.onerror = () => {};
    socket.onclose = ({ code }) => resolve(`closed with ${code}`);
  });
const call = async (host) => `status ${(await fetch(`http://${host}/`)).status}`;
console.log(`Node ${process.version}, undici 7.30.2`);
console.log(`WebSocket, 401: ${await count(401, open)}`);
console.log(`WebSocket, 403: ${await count(403, open)}`);
console.log(`fetch, 401: ${await count(401, call)}`);
PROGRAM
node program.mjs | tee seen
grep -q "WebSocket, 401: 2 request" seen || { echo "changed: a refused upgrade isn't sent twice"; exit 1; }
grep -q "WebSocket, 403: 1 request" seen || { echo "changed: another status is repeated, too"; exit 1; }
grep -q "fetch, 401: 1 request" seen || { echo "changed: fetch repeats it, too"; exit 1; }

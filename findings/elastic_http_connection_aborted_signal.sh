#!/usr/bin/env bash
# @elastic/transport 9.4.0, HttpConnection: a signal that is aborted before the request isn't looked at.
#
# It only listens for the event `abort`, which comes once: a request whose signal is aborted already is sent, and its
# response is the caller's. UndiciConnection rejects such a request by RequestAbortedError, and sends nothing. Code that
# waits for something between the caller's call and the request (a token, say) has to look at the signal itself.
#
# Seen: by HttpConnection 200 and one request at the server, by UndiciConnection RequestAbortedError and none. Fails if that
# changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" @elastic/transport@9.4.0
cat > aborted.mjs <<'PROGRAM'
import { HttpConnection, UndiciConnection } from "@elastic/transport";
import { createServer } from "node:http";
let count = 0;
const server = createServer((_, response) => response.end(String(++count)));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = new URL(`http://127.0.0.1:${server.address().port}`);
for (const [name, Connection] of Object.entries({ HttpConnection, UndiciConnection })) {
  count = 0;
  const connection = new Connection({ url, timeout: 5_000 });
  const options = { signal: AbortSignal.abort(), requestId: 1, name: "test", context: null };
  const outcome = await connection.request({ method: "GET", path: "/", headers: {} }, options)
    .then(({ statusCode }) => statusCode, ({ name }) => name);
  console.log(`${name}: ${outcome}, ${count} requests`);
  await connection.close();
}
server.close();
PROGRAM
output=$(node aborted.mjs)
echo "$output"
expected="HttpConnection: 200, 1 requests
UndiciConnection: RequestAbortedError, 0 requests"
[ "$output" = "$expected" ] || { echo "The behaviour has changed." >&2; exit 1; }

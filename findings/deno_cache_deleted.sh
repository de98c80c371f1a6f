#!/usr/bin/env bash
# Deno 2.9.6, Cache API: a Cache that was deleted reads and writes the cache that is opened next.
#
# By the standard (Service Workers, "CacheStorage: delete") a Cache object goes on working on what was deleted, and no
# other cache sees that. Deno keeps caches by a row number that the next cache gets again, as long as the deleted one was
# the newest: the old object then answers with the other cache's entries, and writes into it. A program that keeps a
# Cache object must open it again after caches.delete, or not delete it.
#
# Seen: "old object: text of the second", "the second: written by the old object". Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" deno@2.9.6
export DENO_DIR="$folder/deno" NO_COLOR=1
cat > program.js <<'PROGRAM'
const url = "https://example.com/";
const old = await caches.open("first");
await old.put(url, new Response("text of the first"));
await caches.delete("first");
const second = await caches.open("second");
await second.put(url, new Response("text of the second"));
console.log("old object:", await (await old.match(url))?.text());
await old.put(url, new Response("written by the old object"));
console.log("the second:", await (await second.match(url))?.text());
PROGRAM
expected="old object: text of the second
the second: written by the old object"
seen=$(./node_modules/.bin/deno run --quiet program.js)
printf '%s\n%s\n' "$(./node_modules/.bin/deno --version | head -n 1)" "$seen"
[ "$seen" = "$expected" ] || { echo "changed; expected: $expected"; exit 1; }

#!/usr/bin/env bash
# Deno 2.9.6, node:fs openAsBlob: reads the whole file into memory, twice.
#
# On Node the Blob is backed by the file: it is read when the Blob is, part by part, which makes it the body to take for a
# large upload that may have to be sent again. On Deno the call itself reads all of it, and the process grows by some
# twice the file's size. There a stream of the file (which can't be sent again) stays small.
#
# Seen for a file of 200 MB: Node grows by under 20 MB, Deno by some 400 MB. Fails if Node grows by more than 100 MB, or
# Deno by less than 150 MB.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" deno@2.9.6 node@24.21.0
export DENO_DIR="$folder/deno" NO_COLOR=1
head -c 200000000 /dev/zero > file
cat > program.mjs <<'PROGRAM'
import { openAsBlob } from "node:fs";
import process from "node:process";
const before = process.memoryUsage().rss;
const { size } = await openAsBlob("file");
if (size !== 200_000_000) throw new Error(`The Blob has ${size} bytes.`);
console.log(Math.round((process.memoryUsage().rss - before) / 1e6));
PROGRAM
node=./node_modules/.bin/node deno=./node_modules/.bin/deno
on_node=$("$node" program.mjs 2> /dev/null)
on_deno=$("$deno" run --quiet --allow-all program.mjs)
echo "Node $("$node" --version): grows by $on_node MB"
echo "$("$deno" --version | head -n 1): grows by $on_deno MB"
[ "$on_node" -lt 100 ] && [ "$on_deno" -gt 150 ] || { echo "changed"; exit 1; }

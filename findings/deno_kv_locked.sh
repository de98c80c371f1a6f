#!/usr/bin/env bash
# Deno 2.9.6, Deno KV in a file: where several processes change one key, commits throw "database is locked".
#
# A commit whose check fails answers { ok: false }, and one would expect nothing else of processes that compete for a key.
# But SQLite, which is below, refuses a reading transaction that turns into a writing one while another process writes,
# and that comes up as a TypeError with no code: most commits of a busy key end so. It means the same as { ok: false }:
# read again, and try again. Commits without check (set alone) wait for one another.
#
# Seen: of 4 × 200 commits with a check some hundred throw, all with this message. Fails if none does, or another error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" deno@2.9.6
export DENO_DIR="$folder/deno" NO_COLOR=1
cat > program.js <<'PROGRAM'
const kv = await Deno.openKv("kv.db");
const counts = {};
for (let index = 0; index < 200; index++) {
  const entry = await kv.get(["key"]);
  let result;
  try {
    const { ok } = await kv.atomic().check(entry).set(["key"], index).commit();
    result = ok ? "committed" : "conflict";
  } catch (error) {
    result = `${error.name}: ${error.message}`;
  }
  counts[result] = (counts[result] ?? 0) + 1;
}
kv.close();
console.log(JSON.stringify(counts));
PROGRAM
deno=./node_modules/.bin/deno
"$deno" --version | head -n 1
processes=()
for number in 1 2 3 4; do
  "$deno" run --quiet --unstable-kv --allow-all program.js > "seen.$number" &
  processes+=("$!")
done
for process in "${processes[@]}"; do wait "$process"; done
cat seen.*
grep -q '"TypeError: database is locked"' seen.* || { echo "changed: no commit throws"; exit 1; }
if grep -oE '"[^"]*Error: [^"]*"' seen.* | grep -v "database is locked"; then echo "changed: another error"; exit 1; fi

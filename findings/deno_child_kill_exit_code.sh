#!/usr/bin/env bash
# Deno 2.9.6, node:child_process: after child.kill(signal) a program's own exit code is lost.
#
# A program may catch a signal, finish its work, and exit with a code of its own. Node's "exit" event gives that code.
# Deno's gives { code: null, signal: "SIGTERM" } once kill was called, as if the signal had ended the program: a wrapper
# that passes signals on, and exits as its child does, reports a failure that wasn't one. process.kill(child.pid, signal)
# sends the same signal, and keeps the code.
#
# Seen: Node {"code":4,"signal":null}, Deno {"code":null,"signal":"SIGTERM"}, by process.kill both
# {"code":4,"signal":null}. Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" deno@2.9.6 node@24.21.0
export DENO_DIR="$folder/deno" NO_COLOR=1
cat > program.mjs <<'PROGRAM'
import { spawn } from "node:child_process";
import process from "node:process";
const script = "trap '' TERM; echo ready; sleep 1; exit 4";
const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
child.stdout.once("data", () => {
  if (process.argv[2] === "child.kill") child.kill("SIGTERM");
  else process.kill(child.pid, "SIGTERM");
});
child.once("exit", (code, signal) => console.log(JSON.stringify({ code, signal })));
PROGRAM
node=./node_modules/.bin/node deno=./node_modules/.bin/deno
"$node" --version
"$deno" --version | head -n 1
seen="Node, child.kill: $("$node" program.mjs child.kill)
Deno, child.kill: $("$deno" run --quiet --allow-all program.mjs child.kill)
Node, process.kill: $("$node" program.mjs process.kill)
Deno, process.kill: $("$deno" run --quiet --allow-all program.mjs process.kill)"
expected='Node, child.kill: {"code":4,"signal":null}
Deno, child.kill: {"code":null,"signal":"SIGTERM"}
Node, process.kill: {"code":4,"signal":null}
Deno, process.kill: {"code":4,"signal":null}'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; expected:"; echo "$expected"; exit 1; }

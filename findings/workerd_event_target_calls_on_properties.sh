#!/usr/bin/env bash
# workerd 1.20261117.1, EventTarget: dispatchEvent also calls a property named "on" and the event's type.
#
# By the DOM standard only those that addEventListener has registered are called; `onmessage` and the like are attributes
# that a class defines by registering a listener itself. Packages that do so, eventsource among them (its own `onmessage`),
# call their handler twice on workerd: every message of a stream arrives twice. Use addEventListener there.
#
# Seen: a class without an own mechanism, whose property is called once on workerd, never on Node; and eventsource 5.1.5,
# whose `onmessage` is called twice for one message on workerd, once on Node. Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
case $(uname -m) in aarch64 | arm64) arch=arm64 ;; *) arch=64 ;; esac
workerd=@cloudflare/workerd-linux-$arch
npm install --silent --no-fund --no-audit --prefix "$folder" "$workerd@1.20261117.1" node@24.21.0 eventsource@5.1.5 esbuild@0.27.2
cat > count.mjs <<'PROGRAM'
import { EventSource } from "eventsource";
export async function count() {
  let own = 0;
  class Target extends EventTarget {
    onmessage = () => own++;
  }
  new Target().dispatchEvent(new Event("message"));
  let messages = 0;
  const body = new Blob(["data: one\n\n"]).stream();
  const response = new Response(body, { headers: { "content-type": "text/event-stream" } });
  await new Promise((resolve) => {
    const source = new EventSource("http://127.0.0.1/", { fetch: () => Promise.resolve(response) });
    source.onmessage = () => messages++;
    // The stream has ended.
    source.addEventListener("error", () => resolve(source.close()));
  });
  return `a plain property ${own}, eventsource's onmessage ${messages}`;
}
PROGRAM
echo 'import { count } from "./count.mjs"; console.log(await count());' > node.mjs
echo 'import { count } from "./count.mjs"; export default { fetch: async () => new Response(await count()) };' > worker.mjs
./node_modules/.bin/esbuild worker.mjs --bundle --format=esm --outfile=bundle.mjs --log-level=error
cat > config.capnp <<'CONFIG'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "bundle.mjs", esModule = embed "bundle.mjs")],
    compatibilityDate = "2026-11-01",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
CONFIG
"./node_modules/$workerd/bin/workerd" serve --control-fd=1 config.capnp > control &
server=$!
for _ in $(seq 100); do grep -q '"listen"' control && break || sleep 0.1; done
port=$(grep -oE '"port":[0-9]+' control | grep -oE '[0-9]+')
on_workerd=$(curl --silent --max-time 20 "http://127.0.0.1:$port/")
on_node=$(./node_modules/.bin/node node.mjs)
echo "Node $(./node_modules/.bin/node --version): $on_node"
echo "$("./node_modules/$workerd/bin/workerd" --version): $on_workerd"
[ "$on_node" = "a plain property 0, eventsource's onmessage 1" ] &&
  [ "$on_workerd" = "a plain property 1, eventsource's onmessage 2" ] || { echo "changed"; exit 1; }

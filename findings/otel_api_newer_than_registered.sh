#!/usr/bin/env bash
# @opentelemetry/api: a copy that is newer than the one an SDK was registered with does nothing, and says nothing.
#
# Providers are registered on globalThis, so that all copies of the API in a program share them, and one would expect a
# range such as ^1.9.0 to be the safest. But a copy takes only what a copy of the same or a later minor version has
# registered: of a program with SDK 2.x, which wants an API below 1.10, a library that gets 1.10.0 for its ^1.9.0 has
# tracers and meters that record nothing, without error or warning. The other way round it works. So a library that
# isn't asked for a peer dependency should want the oldest minor version that has what it uses.
#
# Seen: "API 1.9.1, registered by 1.10.0: recording true", "API 1.10.0, registered by 1.9.1: recording false". Fails if
# that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" node@24.21.0 \
  older@npm:@opentelemetry/api@1.9.1 newer@npm:@opentelemetry/api@1.10.0 \
  @opentelemetry/api@1.9.1 @opentelemetry/sdk-trace-base@2.12.1
cat > program.mjs <<'PROGRAM'
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
const versions = { older: "1.9.1", newer: "1.10.0" };
const [application, library] = process.argv.slice(2);
const provider = new BasicTracerProvider();
const registering = await import(application);
registering.diag.setLogger(console, registering.DiagLogLevel.WARN);
const isRegistered = registering.trace.setGlobalTracerProvider(provider);
const { trace } = await import(library);
const isRecording = trace.getTracer("library").startSpan("span").isRecording();
if (!isRegistered) throw new Error("The provider wasn't registered.");
console.log(`API ${versions[library]}, registered by ${versions[application]}: recording ${isRecording}`);
PROGRAM
node=./node_modules/.bin/node
"$node" --version
seen=$("$node" program.mjs newer older && "$node" program.mjs older newer)
expected="API 1.9.1, registered by 1.10.0: recording true
API 1.10.0, registered by 1.9.1: recording false"
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; expected:"; echo "$expected"; exit 1; }

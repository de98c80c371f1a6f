#!/usr/bin/env bash
# Deno 2.9.6, `deno install --node-modules-linker=hoisted`: dependencies under another name aren't laid out.
#
# A package may depend on another under a name of its own ("@jest/react-is-18": "npm:react-is@^18.3.1" in pretty-format, and
# so in jest). The hoisted linker leaves such names out of node_modules, without a word; the usual, isolated one links them.
#
# Seen: "isolated: works", "hoisted: Cannot find module '@jest/react-is-18'". Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder/deno" deno@2.9.6
export DENO_DIR="$folder/cache" NO_COLOR=1
deno="$folder/deno/node_modules/.bin/deno"
expected="isolated: works
hoisted: Cannot find module '@jest/react-is-18'"
seen=$(for linker in isolated hoisted; do
  mkdir "$folder/$linker" && cd "$folder/$linker"
  echo '{ "dependencies": { "pretty-format": "30.5.1" } }' > package.json
  "$deno" install --quiet --node-modules-dir=manual --node-modules-linker="$linker"
  node -e '
    try {
      require("pretty-format");
      console.log("'"$linker"': works");
    } catch (error) {
      console.log("'"$linker"':", error.message.split("\n")[0]);
    }'
done)
printf '%s\nNode %s\n%s\n' "$("$deno" --version | head -n 1)" "$(node --version)" "$seen"
[ "$seen" = "$expected" ] || { echo "changed; expected: $expected"; exit 1; }

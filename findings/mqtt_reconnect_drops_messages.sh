#!/usr/bin/env bash
# MQTT.js 5.16.0, client.reconnect(): forgets the QoS 1 messages that aren't acknowledged yet.
#
# Messages published while the broker is away wait in the client's outgoing store, and are sent when the client connects
# again by itself. reconnect(), which looks like the same done sooner (after a new password, say), begins with empty stores
# unless it is handed the client's own: the messages are never sent, and their callbacks never called, with no error.
#
# Seen for 3 messages: by itself 3 arrive; by reconnect() none; by reconnect({ incomingStore, outgoingStore }) 3. Fails if
# that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" mqtt@5.16.0 aedes@1.2.0 node@24.21.0
cat > program.mjs <<'PROGRAM'
import { createServer } from "node:net";
import process from "node:process";
import { Aedes } from "aedes";
import mqtt from "mqtt";

const ways = {
  "by itself": () => {},
  "reconnect()": (client) => client.reconnect(),
  "reconnect(stores)": (client) =>
    client.reconnect({ incomingStore: client.incomingStore, outgoingStore: client.outgoingStore }),
};
for (const [name, connectAgain] of Object.entries(ways)) {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const client = mqtt.connect({ protocol: "mqtt", host: "127.0.0.1", port, reconnectPeriod: 100 });
  await new Promise((resolve) => client.once("connect", resolve));
  let arrived = 0;
  broker.on("publish", (_packet, from) => from && arrived++);
  await new Promise((resolve) => {
    client.once("close", resolve);
    client.stream.destroy();
  });
  let acknowledged = 0;
  for (let count = 0; count < 3; count++) client.publish("topic", String(count), { qos: 1 }, () => acknowledged++);
  const connected = new Promise((resolve) => client.once("connect", resolve));
  connectAgain(client);
  await connected;
  // Acknowledgements come in order.
  await client.publishAsync("topic", "the last", { qos: 1 });
  console.log(`${name}: ${arrived - 1} arrived, ${acknowledged} acknowledged`);
  client.end(true);
  broker.close();
  server.close();
}
process.exit();
PROGRAM
node=./node_modules/.bin/node
seen=$("$node" program.mjs)
echo "Node $("$node" --version)"
echo "$seen"
wanted="by itself: 3 arrived, 3 acknowledged
reconnect(): 0 arrived, 0 acknowledged
reconnect(stores): 3 arrived, 3 acknowledged"
[ "$seen" = "$wanted" ] || { echo "changed"; exit 1; }

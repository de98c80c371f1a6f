import { nodeTransport } from "@m2m/authenticator/transport/node";
import { main } from "./program.ts";

await main(nodeTransport);

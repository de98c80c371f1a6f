import { bunTransport } from "@m2m/authenticator/transport/bun";
import { main } from "./program.ts";

await main(bunTransport);

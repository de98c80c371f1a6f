import { denoTransport } from "@m2m/authenticator/transport/deno";
import { main } from "./program.ts";

await main(denoTransport);

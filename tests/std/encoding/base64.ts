/** `@std/encoding/base64` of npm's `deno-std`, with types. @module */
import * as base64 from "npm:deno-std@1.4.0/encoding/base64.js";

export const encodeBase64: (data: ArrayBuffer | Uint8Array | string) => string = base64.encodeBase64;
export const decodeBase64: (b64: string) => Uint8Array<ArrayBuffer> = base64.decodeBase64;

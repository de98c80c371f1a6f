/** `@std/encoding/base64url` of npm's `deno-std`, with types. @module */
import * as base64url from "npm:deno-std@1.4.0/encoding/base64url.js";

export const encodeBase64Url: (data: ArrayBuffer | Uint8Array | string) => string = base64url.encodeBase64Url;
export const decodeBase64Url: (b64url: string) => Uint8Array<ArrayBuffer> = base64url.decodeBase64Url;

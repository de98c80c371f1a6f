/** Loaded before a recipe: sends its requests to a stand-in on loopback, which is told the URL. @module */

const standIn = Deno.env.get("STAND_IN")!;
const realFetch = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const request = new Request(input, init);
  request.headers.set("x-url", request.url);
  return realFetch(new Request(standIn, request));
};

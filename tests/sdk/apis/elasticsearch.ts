/** The part of Elasticsearch's API that reads and writes documents. @module */
import type { Answer } from "../api.ts";

/** Reads a document, and writes one, which has its own text for an identifier. */
export const answer: Answer = ({ request, path, text, pieces }) => {
  const isWrite = request.method === "POST";
  const response = path === "/stream"
    ? pieces("application/json", ["one", "two"])
    : Response.json(isWrite ? { _id: JSON.parse(text()).text } : { _source: "answer" });
  // The client wants to know whom it talks to.
  response.headers.set("x-elastic-product", "Elasticsearch");
  return response;
};

/** The part of Elasticsearch's API that reads and writes documents. @module */
import type { Answer } from "../api.ts";

/** Reads a document, and writes one, which has its own text for an identifier. */
export const answer: Answer = ({ request, text }) => {
  const result = request.method === "GET" ? { _source: "answer" } : { _id: JSON.parse(text()).text };
  // The client wants to know whom it talks to.
  return Response.json(result, { headers: { "x-elastic-product": "Elasticsearch" } });
};

/** PostgREST's rows. @module */
import type { Answer } from "../api.ts";

/** Answers a row, and a new row. */
export const answer: Answer = ({ request, path, text }) => {
  if (path !== "/rest/v1/rows") return undefined;
  if (request.method === "GET") return Response.json({ value: "answer" });
  return Response.json(JSON.parse(text()), { status: 201 });
};

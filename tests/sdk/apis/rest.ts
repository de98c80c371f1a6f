/** JSON over paths. @module */
import type { Answer } from "../api.ts";

/** Answers `/plain`, `/post` and `/stream`. */
export const answer: Answer = ({ path, text, pieces }) => {
  if (path === "/plain") return Response.json("answer");
  if (path === "/post") return Response.json(JSON.parse(text()).text);
  if (path === "/stream") return pieces("text/plain", ["one", "two"]);
};

/** Server-sent events. @module */
import type { Answer } from "../api.ts";

const contentType = "text/event-stream";
const event = (data: string) => `data: ${data}\n\n`;
const last = (data: string) => `id: last\n${event(data)}`;

/** Answers `/plain` and `/stream`. */
export const answer: Answer = ({ path, pieces }) => {
  if (path === "/plain") return new Response(last("answer"), { headers: { "content-type": contentType } });
  if (path === "/stream") return pieces(contentType, [event("one"), last("two")]);
};

/** A few of GitHub's answers. @module */
import type { Answer } from "../api.ts";

/** Answers a repository, a new issue, and a stream. */
export const answer: Answer = ({ request, path, text, pieces }) => {
  const at = `${request.method} ${path}`;
  if (at === "GET /repos/m2m/authenticator") return Response.json({ name: "answer" });
  if (at === "POST /repos/m2m/authenticator/issues") {
    return Response.json({ title: JSON.parse(text()).title }, { status: 201 });
  }
  if (at === "GET /stream") return pieces("application/octet-stream", ["one", "two"]);
};

/** OpenAI's chat completions: the model repeats what it is told. @module */
import type { Answer } from "../api.ts";

const facts = { id: "completion-1", created: 1_700_000_000, model: "small" };

/** Answers `/chat/completions`, as a whole or in pieces. */
export const answer: Answer = ({ path, text, pieces }) => {
  if (path !== "/chat/completions") return undefined;
  const { stream, messages: [{ content }] } = JSON.parse(text());
  if (!stream) {
    const choices = [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }];
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    return Response.json({ ...facts, object: "chat.completion", choices, usage });
  }
  const chunk = (content: string) => {
    const choices = [{ index: 0, finish_reason: null, delta: { role: "assistant", content } }];
    return `data: ${JSON.stringify({ ...facts, object: "chat.completion.chunk", choices })}\n\n`;
  };
  return pieces("text/event-stream", [chunk("one"), `${chunk("two")}data: [DONE]\n\n`]);
};

/** Anthropic's messages: the model repeats what it is told. @module */
import type { Answer } from "../api.ts";

const usage = { input_tokens: 1, output_tokens: 1 };
const message = { id: "msg_1", type: "message", role: "assistant", model: "small", stop_sequence: null, usage };
const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const delta = (text: string) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } });

/** Answers `/v1/messages`, as a whole or in pieces. */
export const answer: Answer = ({ path, text, pieces }) => {
  if (path !== "/v1/messages") return undefined;
  const { stream, messages: [{ content }] } = JSON.parse(text());
  if (!stream) {
    return Response.json({ ...message, content: [{ type: "text", text: content }], stop_reason: "end_turn" });
  }
  const start = event("message_start", { message: { ...message, content: [], stop_reason: null } });
  const block = event("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  const end = event("content_block_stop", { index: 0 }) + event("message_stop", {});
  return pieces("text/event-stream", [start + block + delta("one"), delta("two") + end]);
};

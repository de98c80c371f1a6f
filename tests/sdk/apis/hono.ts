/** A Hono app. @module */
import { Hono } from "npm:hono@4.13.19";
import { validator } from "npm:hono@4.13.19/validator";
import type { Answer, ApiCall } from "../api.ts";

const app = new Hono<{ Bindings: ApiCall }>()
  .get("/plain", (context) => context.json("answer"))
  .post(
    "/post",
    validator("json", (body: { text: string }) => body),
    (context) => context.json(context.req.valid("json").text),
  )
  .get("/stream", ({ env }) => env.pieces("text/plain", ["one", "two"]));

/** Its type, which the client knows. */
export type App = typeof app;

/** Answers by the app. */
export const answer: Answer = (call) => app.fetch(call.request, call);

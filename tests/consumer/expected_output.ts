/** The expected output of `program.ts` on every runtime. @module */
import { assertEquals } from "@std/assert";
import { type Backend, calls, projects } from "../examples/backend.ts";
import type { ProgramOutput } from "./program.ts";

/** Fails unless the program's output and its requests are as expected. */
export function assertProgramWorked(text: string, backend: Backend): void {
  const output: ProgramOutput = JSON.parse(text);
  assertEquals(output, {
    answers: [projects, projects, projects],
    events: ["token_requested", "token_issued", "token_requested", "token_request_failed"],
    refusal: "token_request_rejected: invalid_client",
  });
  assertEquals(calls(backend), Array(3).fill("GET /v1/projects 200"));
  assertEquals(backend.countTokenRequests(), 4);
  backend.assertNoSecretIn(text);
}

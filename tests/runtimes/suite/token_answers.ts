/** What token endpoints answer, and how each exchange ends: the table is `faults/token_cases.ts`. @module */
import { assertEquals } from "@std/assert";
import { getToken } from "@m2m/authenticator";
import { assertEnd } from "../../faults/token_end.ts";
import type { Case, SuiteInput } from "./case.ts";
import { client } from "./planted.ts";
import { count } from "./world.ts";

/** A case for each row. */
export function caseByAnswer({ answers, lacks }: SuiteInput): Case[] {
  return answers.map(({ name, end, timeout = 4_000 }) => ({
    name: `getToken: ends as it should with a token endpoint that ${name}`,
    needs: [],
    async run(world) {
      const { tokens, elsewhere, tokenEndpoint } = await world.set({ tokens: { answer: name } });
      const started = Date.now();
      const outcome = await getToken(tokenEndpoint, { ...client, timeout: 3 * timeout }).catch((error: unknown) =>
        error
      );
      const isHidden = name.startsWith("redirects") && lacks.includes("visible redirects");
      assertEnd(outcome, isHidden ? { ...end, status: undefined } : end, started);
      assertEquals(await count(tokens, elsewhere), [1, 0]);
    },
  }));
}

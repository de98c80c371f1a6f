/** What the servers of scenes do. @module */
import { answer, json } from "../../faults/behaviours.ts";
import type { Behaviour } from "../../servers/fault_server.ts";
import { planted } from "../../faults/planted.ts";
import { bearer } from "./planted.ts";
import type { Script } from "./world.ts";

/** Issues a token for so many seconds: a new one each time, or always this one. */
export function issues(expires_in = 3600, access_token = `${planted.tokenStart}{n}`): Behaviour {
  return json({ access_token, token_type: "Bearer", expires_in });
}

/** Refuses by an OAuth error. */
export function failsBy(error: string, status = 400): Behaviour {
  return json({ error }, { status });
}

/** Answers 503. */
export const busy: Behaviour = json({}, { status: 503 });

/** Never answers. */
export const stalled: Behaviour = { steps: ["stall"] };

/** The answer of an API that rejects a token. */
export const rejected: Behaviour = answer("rejected", {
  status: 401,
  headers: { "www-authenticate": 'Bearer error="invalid_token"' },
});

/** An API that rejects the first token, under this header. */
export function rejectsFirst(header = "authorization", behaviour = rejected): Script {
  return { when: { header, value: bearer(1), behaviour } };
}

/** Delays a behaviour by so many milliseconds. */
export function late(time: number, behaviour: Behaviour): Behaviour {
  return { ...behaviour, steps: [{ wait: time }, ...behaviour.steps] };
}

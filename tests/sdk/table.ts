/** The table of SDKs in `tests/README.md`, and the rows that a run makes. @module */
import { late, type Outcome, type Result, type Trial } from "./trials.ts";

/** A call, as the API saw it. */
export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly status: number;
  /** Whether it had a token that the API takes. */
  readonly isOurs: boolean;
}

/** The table's columns after the client's name. */
export const columns: readonly string[] = [
  "token",
  "stream",
  "abort",
  "time-out",
  "revoked",
  "down",
  "needs",
];

/** Makes a client's row. "–": it has no means for that. "✗": what went wrong. */
export function makeRow(
  { trials, has, callerHeader }: Result,
  seen: Readonly<Partial<Record<Trial, readonly SeenCall[]>>>,
): string[] {
  const { plain, stream, abort, abortedWait, timeout, revoked, down, keep } = trials;
  return [
    mark(plain, plain?.value === "answer" && seen.plain!.every(({ isOurs }) => isOurs)),
    stream ? mark(stream, String(stream.value) === "one,two") : "–",
    has.abort ? mark(abort, hasFailed(abort) && hasGivenUp(abortedWait, seen.abortedWait!)) : "–",
    has.timeout ? mark(timeout, hasGivenUp(timeout, seen.timeout!)) : "–",
    mark(revoked, /^answer,answer,(a body|answer)$/.test(String(revoked?.value)) && isReplayed(revoked, seen.revoked!)),
    describeFailure(down!),
    keep ? mark(keep, isOmitted(keep, seen.keep!), `\`callerHeader: "${callerHeader}"\``) : "",
  ];
}

function mark(outcome: Outcome | undefined, isRight: boolean, right = "✓"): string {
  return isRight ? right : `✗ ${JSON.stringify({ ...outcome, events: undefined })}`;
}

/** It called, and its caller got an error. */
function hasFailed(outcome: Outcome | undefined): boolean {
  return outcome?.error !== undefined && outcome.error.text !== late && outcome.calls > 0;
}

/** Its caller got an error before there was a token, and so did the client: no wait of ours goes on. */
function hasGivenUp(outcome: Outcome | undefined, calls: readonly SeenCall[]): boolean {
  return hasFailed(outcome) && outcome?.pending === 0 && calls.length === 0;
}

/** Each rejected call was sent again as it was, and accepted; each revoked token cost one token request. */
function isReplayed({ events = [] }: Partial<Outcome> = {}, calls: readonly SeenCall[]): boolean {
  const write = ({ method, path, body }: SeenCall) => `${method} ${path} ${body}`;
  const isAccepted = (call: SeenCall, since: number) =>
    calls.slice(since).some((later) => later.isOurs && write(later) === write(call));
  const tokens = events.filter(({ type }) => type === "token_issued");
  return tokens.length === 3 && calls.filter(({ isOurs }) => !isOurs).length >= 2 &&
    calls.every((call, index) => call.isOurs || isAccepted(call, index));
}

/** Its own header was sent, and an event said so. */
function isOmitted({ events }: Outcome, calls: readonly SeenCall[]): boolean {
  const isTold = events.some((event) => event.type === "token_omitted" && event.reason === "caller_header");
  return isTold && calls.length > 0 && calls.every(({ isOurs }) => !isOurs);
}

function describeFailure({ error, calls, value }: Outcome): string {
  if (!error) return `✗ ${JSON.stringify(value)}`;
  const { name, ours } = error;
  const where = ours === "itself" ? "" : ours ? `, ours in \`${ours}\`` : ", without ours";
  return `\`${name}\`${where}, ${calls}`;
}

/** One refresh of a token, as callers see it. @module */

import { setTimeout as sleep } from "node:timers/promises";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { root } from "../std/source.ts";
import { startLoopback } from "./loopback.ts";
import { drawRefresh, findWaits, type Timeline } from "./refresh_chart.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

export async function measureRefresh({ smoke, draw }: Effort): Promise<Report> {
  const [lifetime, delay, pause] = smoke ? [600, 30, 20] : [6_000, 300, 100];
  const timeline = await record(lifetime, delay, pause);
  if (draw) await Deno.writeTextFile(`${root}/tests/bench/refresh.svg`, drawRefresh(timeline));
  const { first, others } = findWaits(timeline);
  const background = timeline.tokens.filter((token) => token.background).length;
  return {
    title: "A refresh",
    how:
      `A token lives for ${lifetime / 1000} s, its endpoint takes ${delay} ms, and a call starts every ${pause} ms. ` +
      "Times in ms.",
    columns: ["calls", "wait for the first token", "longest", "others", "longest", "refreshes in the background"],
    rows: [[
      ...[timeline.calls.length, first.length, Math.max(...first), others.length, Math.max(...others), background].map(
        show,
      ),
    ]],
    budgets: [atMost("calls that wait for a refresh", others.filter((took) => took >= delay).length, 0, "calls")],
  };
}

/** Calls until a second after the first token's end, and records what happens. */
async function record(lifetime: number, delay: number, pause: number): Promise<Timeline> {
  await using server = startLoopback({ delay, lifetime });
  const start = performance.now();
  const now = () => performance.now() - start;
  const tokens: { requested: number; issued: number; expires: number; background: boolean }[] = [];
  const calls: { start: number; end: number; token: number }[] = [];
  let requested = 0;
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: server.api,
    clientId: "bench",
    clientSecret: "bench-secret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: server.tokenEndpoint }),
    fetch(input, init) {
      const number = /^Bearer (\d+)~/.exec(new Headers(init?.headers).get("authorization") ?? "")?.[1];
      const call = calls[Number(String(input).split("/").at(-1))];
      if (number !== undefined) call!.token = Number(number) - 1;
      return fetch(input, init);
    },
    onEvent(event) {
      if (event.type === "token_requested") requested = now();
      if (event.type !== "token_issued") return;
      tokens.push({ requested, issued: now(), expires: now() + event.remainingLifetime, background: event.background });
    },
  });
  const call = async () => {
    const call = { start: now(), end: NaN, token: NaN };
    const response = await authenticator.fetch(`/${calls.push(call) - 1}`);
    await response.body?.cancel();
    call.end = now();
  };
  const end = lifetime * 7 / 6;
  const pending: Promise<void>[] = [];
  for (let next = 0; next < end; next += pause) {
    await sleep(Math.max(0, next - now()));
    pending.push(call());
  }
  await Promise.all(pending);
  return { tokens, calls, end };
}

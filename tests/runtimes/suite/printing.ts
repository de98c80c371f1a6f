/** Secrets in what is printed. What the runtime itself prints is searched by the runner. @module */
import { assertEquals } from "@std/assert";
import { Credentials, getToken } from "@m2m/authenticator";
import { json } from "../../faults/behaviours.ts";
import { failsBy } from "./behaviours.ts";
import { type Case, cases } from "./case.ts";
import { client } from "./planted.ts";
import { failure } from "./world.ts";

const tokens = { accessToken: "planted-access", refreshToken: "planted-refresh" };
const credentials = new Credentials({ ...tokens, expiresAt: 1, scope: "a" });

const failToGet = (tokenEndpoint: string) => failure(getToken(tokenEndpoint, client));

function assertNoSecret(...views: readonly unknown[]): void {
  const texts = views.map((view) => typeof view === "string" ? view : JSON.stringify(view));
  assertEquals(texts.filter((text) => text.includes("planted")), []);
}

export const printing: readonly Case[] = cases({
  "Credentials: their properties have the tokens; JSON, text and copies haven't"() {
    const properties = [Object.getOwnPropertyDescriptors(credentials), Object.entries(credentials)];
    assertNoSecret(credentials, { nested: [credentials] }, String(credentials), { ...credentials }, ...properties);
    assertEquals([credentials.accessToken, credentials.refreshToken], Object.values(tokens));
    const redacted = { accessToken: "[redacted]", refreshToken: "[redacted]" };
    assertEquals(credentials.toJSON(), { ...redacted, tokenType: "Bearer", expiresAt: 1, scope: "a" });
  },
  "Credentials: structuredClone copies no token"() {
    assertNoSecret(structuredClone(credentials));
  },
  async "an authenticator: has neither secret nor token in JSON or text"(world) {
    const { authenticator } = await world.set();
    await authenticator.getCredentials();

    assertNoSecret(authenticator, String(authenticator));
  },
  async "AuthenticationError: shows its code and the server's description, not the answer or the URL's query"(world) {
    const answer = { error: "invalid_client", error_description: "Unknown client.", note: "planted-body" };
    const { tokenEndpoint } = await world.set({ tokens: { usual: json(answer, { status: 401 }) } });

    const error = await failToGet(tokenEndpoint);

    const { name, code, error_description } = error;
    assertEquals([name, code, error_description], ["AuthenticationError", "token_request_rejected", "Unknown client."]);
    assertNoSecret(error.message, error.stack ?? "", error, String(error));
  },
  async "network_error: shows neither secret nor query, whatever the platform's own error says"(world) {
    for (const step of ["reset", { send: "x" }] as const) {
      const { tokenEndpoint } = await world.set({ tokens: { usual: { steps: [step] } } });

      const error = await failToGet(tokenEndpoint);

      assertEquals([error.code, "cause" in error], ["network_error", false]);
      assertNoSecret(error.message, error.stack ?? "");
    }
  },
  async "console: prints no secret, as the runner checks"(world) {
    const { authenticator, tokenEndpoint } = await world.set({ tokens: { next: [failsBy("invalid_client", 401)] } });
    const error = await failToGet(tokenEndpoint);
    await authenticator.getCredentials();

    console.log("printed:", authenticator.credentials, [{ authenticator }], error);
    console.error("printed:", error, credentials);
  },
});

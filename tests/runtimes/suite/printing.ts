/** Secrets in what is printed. What the runtime itself prints is searched by the runner. @module */
import { assertEquals } from "@std/assert";
import { type AuthenticationError, Credentials, getToken } from "@m2m/authenticator";
import { json } from "../../faults/behaviours.ts";
import { type Case, cases } from "./case.ts";
import { planted } from "./planted.ts";
import { failsBy, failure } from "./world.ts";

const credentials = new Credentials({
  accessToken: "planted-access",
  refreshToken: "planted-refresh",
  expiresAt: 1,
  scope: "a",
});

function failToGet(tokenEndpoint: string): Promise<AuthenticationError> {
  return failure(getToken(tokenEndpoint, { clientId: planted.clientId, clientSecret: planted.secret }));
}

function assertNoSecret(...views: readonly (string | undefined)[]): void {
  assertEquals(views.filter((view) => view?.includes("planted")), []);
}

export const printing: readonly Case[] = cases({
  "Credentials: their properties have the tokens; JSON, text and copies haven't"() {
    assertNoSecret(
      JSON.stringify(credentials),
      JSON.stringify({ nested: [credentials] }),
      String(credentials),
      JSON.stringify({ ...credentials }),
      JSON.stringify(Object.getOwnPropertyDescriptors(credentials)),
      JSON.stringify(Object.entries(credentials)),
    );
    assertEquals([credentials.accessToken, credentials.refreshToken], ["planted-access", "planted-refresh"]);
    const redacted = { accessToken: "[redacted]", refreshToken: "[redacted]" };
    assertEquals(credentials.toJSON(), { ...redacted, tokenType: "Bearer", expiresAt: 1, scope: "a" });
  },
  "Credentials: structuredClone copies no token"() {
    assertNoSecret(JSON.stringify(structuredClone(credentials)));
  },
  async "an authenticator: has neither secret nor token in JSON or text"(world) {
    const { authenticator } = await world.set();
    await authenticator.getCredentials();

    assertNoSecret(JSON.stringify(authenticator), String(authenticator));
  },
  async "AuthenticationError: shows its code and the server's description, not the answer or the URL's query"(world) {
    const answer = { error: "invalid_client", error_description: "Unknown client.", note: "planted-body" };
    const { tokenEndpoint } = await world.set({ tokens: { usual: json(answer, { status: 401 }) } });

    const error = await failToGet(tokenEndpoint);

    assertEquals([error.name, error.code], ["AuthenticationError", "token_request_rejected"]);
    assertEquals(error.error_description, answer.error_description);
    assertNoSecret(error.message, error.stack, JSON.stringify(error), String(error));
  },
  async "network_error: shows neither secret nor query, whatever the platform's own error says"(world) {
    for (const steps of [["reset"] as const, [{ send: "x" }] as const]) {
      const { tokenEndpoint } = await world.set({ tokens: { usual: { steps } } });

      const error = await failToGet(tokenEndpoint);

      assertEquals([error.code, "cause" in error], ["network_error", false]);
      assertNoSecret(error.message, error.stack);
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

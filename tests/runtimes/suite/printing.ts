/** What shows of secrets when things are printed. What the runtime itself prints, its runner looks through. @module */
import { assert, assertEquals } from "@std/assert";
import { type AuthenticationError, Credentials, getToken } from "@m2m/authenticator";
import { json } from "../../faults/behaviours.ts";
import type { Case } from "./case.ts";
import { planted } from "./planted.ts";

const credentials = new Credentials({
  accessToken: "planted-access",
  refreshToken: "planted-refresh",
  expiresAt: 1,
  scope: "a",
});

async function anError(tokenEndpoint: string): Promise<AuthenticationError> {
  const options = { clientId: planted.clientId, clientSecret: planted.secret };
  return await getToken(tokenEndpoint, options).then(() => new Error("No error."), (error) => error);
}

export const printing: readonly Case[] = [
  {
    name: "credentials show their tokens to those who ask, and in no JSON, text or copy",
    run() {
      const views = [
        JSON.stringify(credentials),
        JSON.stringify({ nested: [credentials] }),
        String(credentials),
        JSON.stringify({ ...credentials }),
        JSON.stringify(Object.getOwnPropertyDescriptors(credentials)),
        JSON.stringify(Object.entries(credentials)),
      ];

      assertEquals(views.filter((view) => view.includes("planted")), []);
      assertEquals([credentials.accessToken, credentials.refreshToken], ["planted-access", "planted-refresh"]);
      assertEquals(credentials.toJSON(), {
        accessToken: "[redacted]",
        tokenType: "Bearer",
        expiresAt: 1,
        scope: "a",
        refreshToken: "[redacted]",
      });
      return Promise.resolve();
    },
  },
  {
    name: "credentials can't be copied with their tokens in them",
    run() {
      assert(!JSON.stringify(structuredClone(credentials)).includes("planted"));
      return Promise.resolve();
    },
  },
  {
    name: "an authenticator shows neither secret nor token in JSON or text",
    async run(world) {
      const { authenticator } = await world.set();
      await authenticator.getCredentials();

      assert(!(JSON.stringify(authenticator) + String(authenticator)).includes("planted"));
    },
  },
  {
    name: "an error shows its code and what the server said, and nothing of the answer or the URL's query",
    async run(world) {
      const { tokenEndpoint } = await world.set({
        tokens: {
          usual: json({ error: "invalid_client", error_description: "Nobody here.", note: "planted-body" }, {
            status: 401,
          }),
        },
      });

      const error = await anError(tokenEndpoint);

      assertEquals([error.name, error.code, error.error_description], [
        "AuthenticationError",
        "token_request_rejected",
        "Nobody here.",
      ]);
      const views = [error.message, error.stack ?? "", JSON.stringify(error), String(error)];
      assertEquals(views.filter((view) => view.includes("planted")), []);
    },
  },
  {
    name: "a runtime's own words about a broken connection show neither secret nor query",
    async run(world) {
      for (const steps of [["reset"] as const, [{ send: "x" }] as const]) {
        const { tokenEndpoint } = await world.set({ tokens: { usual: { steps } } });

        const error = await anError(tokenEndpoint);

        assertEquals([error.code, "cause" in error], ["network_error", false]);
        assert(![error.message, error.stack].join().includes("planted"), error.message);
      }
    },
  },
  {
    name: "what is printed is looked through by the runner",
    async run(world) {
      const { authenticator, tokenEndpoint } = await world.set({
        tokens: { next: [json({ error: "invalid_client" }, { status: 401 })] },
      });
      const error = await anError(tokenEndpoint);
      await authenticator.getCredentials();

      console.log("printed:", authenticator.credentials, [{ authenticator }], error);
      console.error("printed:", error, credentials);
    },
  },
];

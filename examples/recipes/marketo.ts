/**
 * Adobe Marketo Engage: id and secret stand in the query of a GET, and the API says by a 200 that it rejects a token.
 *
 * Run against a server that answers as its documents say:
 * https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/authentication
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=MARKETO_* --allow-net=123-abc-456.mktorest.com marketo.ts
 *
 * Environment: `MARKETO_ENDPOINT` (`https://123-abc-456.mktorest.com`), `MARKETO_TOKEN_ENDPOINT`
 * (`https://123-abc-456.mktorest.com/identity/oauth/token`), `MARKETO_CLIENT_ID`, `MARKETO_CLIENT_SECRET`. Traces of
 * requests have the secret then: keep these URLs out of them.
 */
import { clientSecretPost, type Fetch } from "@m2m/authenticator";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const tokenEndpoint = Deno.env.get("MARKETO_TOKEN_ENDPOINT");
const byQuery: Fetch = (input, init) => {
  if (String(input) !== tokenEndpoint) return fetch(input, init);
  const { body, headers: _, ...others } = init ?? {};
  return fetch(`${tokenEndpoint}?${body}`, { ...others, method: "GET" });
};

const authenticator = authenticatorFromEnv({
  prefix: "MARKETO_",
  clientAuth: clientSecretPost(() => Deno.env.get("MARKETO_CLIENT_SECRET") ?? ""),
  fetch: byQuery,
  async isRejected(response) {
    // 601: invalid, 602: expired.
    const { errors = [] } = await response.clone().json().catch(() => ({}));
    return errors.some(({ code }: { code: string }) => code === "601" || code === "602");
  },
});

const response = await authenticator.fetch("/rest/v1/activities/types.json");
console.log(response.status, await response.text());

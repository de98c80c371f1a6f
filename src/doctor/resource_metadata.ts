/**
 * What an API publishes of the tokens it takes (RFC 9728): its own identifier, and whose tokens.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import { isSameIssuer } from "../discovery/issuer.ts";
import { parseJsonObject } from "../http/json.ts";
import { readChallenges } from "./api_answer.ts";
import type { Examination, Exchange, Finding } from "./examination.ts";
import { nameSetting } from "./name_setting.ts";
import { readJwt, readTexts } from "../jwt/read_jwt.ts";

/** Says that the token is another API's, or another server's, where the challenge names the metadata that shows it. */
export async function explainByResource(
  examination: Examination,
  answer: Exchange,
  refusal: string,
): Promise<Finding | undefined> {
  const { options, facts: { settings, metadata, issued }, nameOption } = examination;
  const place = readChallenges(answer).map(({ parameters }) => parameters.get("resource_metadata")).find(Boolean);
  const url = place ? parseUrl(place) : undefined;
  // The API must not have requests sent into the network that the client is in.
  if (url?.origin !== answer.url.origin) return undefined;
  const document = await examination.send(url, { headers: { accept: "application/json" } }).catch(() => undefined);
  const { resource, authorization_servers: servers } = parseJsonObject(document?.text ?? "") ?? {};
  if (typeof resource !== "string") return undefined;
  const own = settings?.issuer ?? metadata?.issuer;
  const trusted = readTexts(servers);
  const fail = (code: Finding["code"], seen: string, change: string): Finding => ({
    name: "API call",
    status: "failed",
    code,
    seen: `The API rejects the token: ${refusal}. ${seen}`,
    change,
  });
  if (own && trusted.length > 0 && !trusted.some((each) => isSameIssuer(each, own))) {
    return fail(
      "issuer_unexpected",
      `Its metadata names ${trusted.slice(0, 3).join(", ")}, whose tokens it takes, not ${own}.`,
      `Get the token there: set ${nameSetting(nameOption, "issuer", trusted[0]!)}, or ${
        nameOption("tokenEndpoint")
      } to that server's.`,
    );
  }
  const { audience = settings?.audience, resource: asked = settings?.resource } = options;
  const targets = [audience ?? [], asked ?? [], readTexts(readJwt(issued!.credentials.accessToken)?.claims.aud)];
  if (targets.flat().some((each) => String(each) === resource)) return undefined;
  return fail(
    "audience_mismatch",
    `Its metadata names the resource ${resource}, for which the token isn't.`,
    `Set ${nameSetting(nameOption, "resource", resource)} (or ${
      nameOption("audience")
    }, where the server goes by that).`,
  );
}

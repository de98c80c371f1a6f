/**
 * Granted scopes.
 *
 * @module
 */

import type { Examination, Step } from "../examination.ts";
import { readJwt, readTexts } from "../../jwt/read_jwt.ts";
import { compareScopes, type ScopeComparison } from "../scopes.ts";
import type { TokenDoubt } from "../token_doubts.ts";

/** Compares the granted scopes with those asked for. */
export const grantedScopes: Step = {
  name: "scopes",
  needs: ["token"],
  run(examination) {
    const { facts, nameOption, redact } = examination;
    const { name } = grantedScopes;
    const asked = listAsked(examination);
    const { granted, missing } = compare(examination);
    const jwt = readJwt(facts.issued!.credentials.accessToken);
    const quote = (scopes: readonly string[]) => scopes.length > 0 ? redact(`"${scopes.join(" ")}"`) : "none";
    const change = `Have the server allow this client ${quote(missing)}, or remove what isn't needed from ${
      nameOption("scopes")
    }.`;
    if (granted === undefined) {
      const isDoubtful = jwt !== undefined && asked.length > 0 && !asked.every((each) => each.endsWith("/.default"));
      if (!isDoubtful) {
        const seen = asked.length
          ? `Asked for ${quote(asked)}; the server doesn't say that it granted others.`
          : "None asked for, and none named by the server.";
        return [{ name, status: "passed", seen }];
      }
      const seen =
        `Asked for ${quote(asked)}; neither the answer nor the token names a scope: the server may have dropped ` +
        "them.";
      const all = `Check that the server knows ${quote(asked)}, and allows this client to have ${
        asked.length > 1 ? "them" : "it"
      }.`;
      return [{ name, status: "warned", code: "scope_narrowed", seen, change: all }];
    }
    if (missing.length === 0) {
      const seen = `Asked for ${quote(asked)}, granted ${quote(granted)}.`;
      return [{ name, status: "passed", seen }];
    }
    const seen = `Asked for ${quote(asked)}, granted ${quote(granted)}: ${quote(missing)} is missing.`;
    return [{ name, status: "warned", code: "scope_narrowed", seen, change }];
  },
};

/** The scopes that were asked for and not granted. */
export function findMissingScopes(examination: Examination): readonly string[] {
  return compare(examination).missing;
}

function listAsked({ options, facts }: Examination): readonly string[] {
  return facts.working?.scopes ?? options.scopes ?? facts.settings?.scopes ?? [];
}

function compare(examination: Examination): ScopeComparison {
  const { credentials } = examination.facts.issued!;
  const { scope, scp, permissions, roles } = readJwt(credentials.accessToken)?.claims ?? {};
  const lists = [scope, scp, permissions, roles].filter((claim) => claim !== undefined);
  const claimed = lists.length > 0 ? lists.flatMap((claim) => readTexts(claim, " ")) : undefined;
  return compareScopes({ asked: listAsked(examination), answered: credentials.scope, claimed });
}

/** The doubt that missing scopes are why the API rejects the token. */
export function doubtScopes(missing: readonly string[], examination: Examination): TokenDoubt {
  const scopes = examination.redact(missing.join(" "));
  const seen = `The token has no "${scopes}", which ${examination.nameOption("scopes")} asks for.`;
  return { code: "scope_narrowed", name: "scopes", seen, change: `Have the server allow this client "${scopes}".` };
}

/**
 * Other ways to write the same id and secret, for servers that refuse the usual one.
 *
 * @module
 */

import { formEncode } from "../client_auth/basic_authorization.ts";
import { clientSecretBasic } from "../client_auth/client_secret_basic.ts";
import { clientSecretPost } from "../client_auth/client_secret_post.ts";
import type { ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import type { DiagnosisCode } from "./codes.ts";
import { nameSetting } from "./name_setting.ts";
import { trimBlanks } from "./odd_spelling.ts";
import type { OwnProofs } from "./own_proofs.ts";

/** How many times a refused secret is sent again at most, written in other ways: servers may lock the client out. */
export const mostVariants = 2;

/** Another way. */
export interface ClientVariant {
  /** As sentences name it: `raw Basic`. */
  readonly name: string;
  readonly code: DiagnosisCode;
  /** What to change if it works. */
  readonly change: string;
  readonly options: Partial<ClientCredentialsAuthenticatorOptions>;
}

/** What variants are made of. */
export interface VariantContext extends Pick<OwnProofs, "method" | "secret" | "encoding"> {
  readonly clientId: string;
  /** The methods the server advertises; `undefined` where it advertises none. */
  readonly advertised?: readonly string[] | undefined;
  nameOption(option: string): string;
}

type Way = "form Basic" | "raw Basic" | "post";

/** What the methods are called in sentences. */
export function nameWay({ method, encoding }: Pick<OwnProofs, "method" | "encoding">): string {
  return method === "client_secret_basic" ? `${encoding ?? "form"} Basic` : method;
}

/** Lists other ways that could make a difference, the most likely first. */
export function listVariants(context: VariantContext): ClientVariant[] {
  const { method, secret, encoding, clientId, advertised } = context;
  if (!/^client_secret_(basic|post)$/.test(method) || secret === undefined) return [];
  const own: Way = method === "client_secret_post" ? "post" : `${encoding ?? "form"} Basic`;
  const trimmed = { clientId: trimBlanks(clientId), secret: trimBlanks(secret) };
  const hasBlank = trimmed.clientId !== clientId || trimmed.secret !== secret;
  const supports = (name: string) => !advertised?.length || advertised.includes(name);
  const isSameEncoded = [trimmed.clientId, trimmed.secret].every((text) => formEncode(text) === text);
  const ways: Way[] = [];
  if (supports("client_secret_basic")) {
    // A colon in a raw id would end it (RFC 7617 §2).
    if (!isSameEncoded && own !== "raw Basic" && !trimmed.clientId.includes(":")) ways.push("raw Basic");
    if (own !== "form Basic" && !(own === "raw Basic" && isSameEncoded)) ways.push("form Basic");
  }
  if (supports("client_secret_post") && own !== "post") ways.push("post");
  // What the server doesn't advertise is refused whatever the secret is.
  const isOwnSupported = supports(method);
  if (!isOwnSupported) ways.reverse();
  const all = [...hasBlank ? [undefined] : [], ...ways].map((way) =>
    makeVariant(way, { ...context, own, trimmed, hasBlank })
  );
  return all.filter((variant) => variant !== undefined).slice(0, mostVariants);
}

interface Trimmed extends VariantContext {
  readonly own: Way;
  readonly trimmed: { readonly clientId: string; readonly secret: string };
  readonly hasBlank: boolean;
}

function makeVariant(way: Way | undefined, context: Trimmed): ClientVariant {
  const { own, trimmed: { clientId, secret }, hasBlank, nameOption } = context;
  const used = way ?? own;
  const isIdBlank = clientId !== context.clientId;
  const trimming = `Remove the blank or line break at the end or beginning of ${
    nameOption(isIdBlank ? "clientId" : "clientSecret")
  }`;
  const wayChange = {
    "raw Basic": `Set ${nameSetting(nameOption, "basicEncoding", "raw")}.`,
    "form Basic": `Use ${nameOption("clientSecret")} (form-encoded Basic), without ${
      nameOption("basicEncoding")
    }: "raw" or another clientAuth.`,
    "post": `Set ${nameOption("clientAuth")}: clientSecretPost(secret).`,
  }[used];
  return {
    name: (hasBlank ? "trimmed " : "") + used,
    code: hasBlank
      ? isIdBlank ? "id_has_blank" : "secret_has_blank"
      : own === "post" || used === "post"
      ? "auth_method_unsupported"
      : "basic_encoding",
    change: hasBlank ? `${trimming}.${way ? ` ${wayChange}` : ""}` : wayChange,
    options: {
      clientId,
      clientSecret: undefined,
      basicEncoding: undefined,
      clientAuth: used === "post"
        ? clientSecretPost(secret)
        : clientSecretBasic(secret, { encoding: used === "raw Basic" ? "raw" : "form" }),
    },
  };
}

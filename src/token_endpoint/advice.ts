/**
 * What to do about an error of the token endpoint, for messages.
 *
 * @module
 */

/** What is known of a client that may have been rejected. */
export interface RejectedClient {
  readonly clientId?: string;
  /** The secret itself, or what identifies a key. */
  readonly credential?: string | undefined;
  /** Its authentication method. */
  readonly method?: string | undefined;
  /** What that says to check. */
  readonly advice?: string | undefined;
}

/** For the most frequent codes. A map: the server says what is looked up. */
const advice: ReadonlyMap<string, string> = new Map([
  ["", "Check that this URL is the token endpoint."],
  ["invalid_scope", "Check scopes."],
  ["invalid_target", "Check audience and resource."],
  ["unauthorized_client", "Allow this client the grant at the server."],
]);

/** For a rejected client, by the methods that thousands of idle authenticators have. Others bring theirs along. */
const clientAdvice: ReadonlyMap<string, string> = new Map([
  ["client_secret_basic", 'Check id and secret, or set basicEncoding: "raw" or clientSecretPost.'],
  ["client_secret_post", "Check id and secret, or set clientSecretBasic."],
]);

/** Says what to do about an answer without a token, by its OAuth error code if it has one. */
export function adviseOn(code: string, client: RejectedClient): string {
  if (!/^invalid_client/.test(code)) return advice.get(code) ?? "";
  return client.advice ?? clientAdvice.get(client.method ?? "") ??
    "Check the client's id, and what authenticates it (clientSecret, clientAuth).";
}

/** Says what servers reject in an id or a secret, and a reader overlooks: a sentence, or nothing. */
export function describeOddities({ clientId = "", credential = "", method = "" }: RejectedClient): string {
  const secret = method.startsWith("client_secret") ? credential : "";
  return describeOddity("clientId", clientId) || describeOddity("clientSecret", secret);
}

function describeOddity(name: string, text: string): string {
  if (text !== text.trim()) return `${name} begins or ends with a blank or line break: remove it.`;
  return /[^ -~]/.test(text) ? `${name} holds more than printable ASCII (RFC 6749 A.1, A.2).` : "";
}

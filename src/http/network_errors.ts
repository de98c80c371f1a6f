/**
 * What a request failed of, where no answer came: fit to be shown.
 *
 * @module
 */

/** Whether Deno forbade it. A `PermissionDenied` is the operating system's, against which no flag of Deno's helps. */
export function isDenied(error: unknown): boolean {
  return Object(error).name === "NotCapable";
}

/** The messages and codes of OpenSSL (Node, Bun), rustls (Deno) and BoringSSL. */
export const tlsFailure =
  /certificate|CERT|UNABLE_TO_|ALTNAME|alert: |_ALERT_|EPROTO|InvalidContentType|WRONG_VERSION/i;

/** Says that the TLS handshake with a server failed, if it did: it would fail again. `reason` is shown. */
export function explainTlsFailure(error: unknown, { protocol, hostname }: URL, reason: string): string | undefined {
  return protocol === "https:" && tlsFailure.test(readMessages(error, hostname))
    ? `the TLS handshake failed (${reason}). Check the port and the certificate; for a private authority set verify or ` +
      "NODE_EXTRA_CA_CERTS."
    : undefined;
}

/** Reads the codes and messages of an error and its causes, without URLs and the host, in which any words may stand. */
export function readMessages(error: unknown, hostname: string): string {
  let text = "";
  for (let each = Object(error), depth = 0; each && depth < 5; each = each.cause, depth++) {
    text += `${each.code} ${each.message} `;
  }
  return text.replace(/https?:\/\/\S+/g, "").replaceAll(hostname, "");
}

/** Runtimes wrap errors: the innermost message says most. */
export function rootMessage(error: unknown): string {
  let root = error;
  for (let depth = 0; depth < 5 && Object(root).cause !== undefined; depth++) root = Object(root).cause;
  const { message = root, errors } = Object(root);
  // Node's for several addresses says nothing itself.
  return String(message === "" && Array.isArray(errors) ? errors.map(rootMessage).join("; ") : message);
}

/**
 * The innermost message of what a request to this URL failed of, printable and short. Runtimes quote the URL, and a query
 * may hold secrets: that is why the error itself is no `cause`.
 */
export function failureMessage(error: unknown, url: string): string {
  const { search } = new URL(url);
  // A query may hold what looks like its end.
  const text = search ? rootMessage(error).replaceAll(search, "?") : rootMessage(error);
  return text.replace(/(https?:\/\/[^\s?#]*)[?#][^\s)"'>]*/gi, "$1").replace(/[^\x20-\x7e]+/g, " ").trim().slice(
    0,
    300,
  );
}

/**
 * What can be wrong, as stable words for programs.
 *
 * @module
 */

/** What can be wrong: each code with what it means. */
export const diagnosisCodes = {
  // Options.
  invalid_option: "An option can't be used as it is.",
  id_has_blank: "The client's id begins or ends with a blank or a line break.",
  secret_has_blank: "The secret begins or ends with a blank or a line break.",
  secret_unreadable: "What gives the secret or the key failed.",
  key_unusable: "The private key can't be used: another kind, another algorithm, damaged.",
  http_endpoint: "The token endpoint is http: and not on loopback, or its port speaks TLS.",
  http_api: "The API is http: and not on loopback (the token travels unencrypted), or its port speaks TLS.",
  // Settings.
  settings_unavailable: "The config store failed.",
  metadata_not_found: "The server publishes no metadata where it was looked for.",
  metadata_is_html: "A web page stands where the metadata should.",
  metadata_invalid: "The metadata isn't what the standard says.",
  issuer_mismatch: "The metadata names another issuer: another spelling, or another server.",
  // Network.
  name_not_resolved: "The host's name has no address.",
  localhost_other_family: "localhost resolves to an address family on which nothing listens.",
  connection_refused: "Nothing listens at this address and port.",
  connection_timeout: "The connection isn't answered: a firewall, or a wrong port.",
  connection_closed: "The server closes the connection.",
  not_http: "What answers doesn't speak HTTP.",
  permission_denied: "The runtime may not reach the host, or read a file or variable.",
  proxy_unreachable: "The proxy can't be reached.",
  proxy_login_required: "The proxy requires credentials, or others.",
  proxy_refused: "The proxy refuses the tunnel.",
  proxy_variable_ignored: "A proxy variable is set that this runtime doesn't follow.",
  tls_untrusted: "The server's certificate comes from an authority that isn't trusted here.",
  tls_expired: "The server's certificate has expired, or isn't valid yet.",
  tls_name_mismatch: "The server's certificate is for another name.",
  tls_failed: "The TLS handshake failed otherwise.",
  not_tls: "The port doesn't speak TLS.",
  client_certificate_required: "The server requires a client certificate.",
  client_certificate_rejected: "The server rejects the client certificate.",
  // Token endpoint.
  token_endpoint_redirects: "The token endpoint redirects.",
  token_endpoint_not_found: "Nothing answers at the token endpoint's path.",
  token_endpoint_is_html: "A web page answers in place of the token endpoint.",
  token_endpoint_failed: "The token endpoint fails (5xx).",
  rate_limited: "The server limits requests (429).",
  clock_ahead: "This machine's clock is ahead of the server's.",
  clock_behind: "This machine's clock is behind the server's.",
  auth_method_unsupported: "The server doesn't advertise the client authentication method in use, or takes another.",
  basic_encoding: "The server reads Basic credentials as they are (raw), not form-encoded.",
  wrong_secret: "The client is unknown, or its secret or key is wrong.",
  assertion_rejected: "The server rejects the client's signed assertion.",
  grant_not_allowed: "The client may not use the grant.",
  invalid_scope: "The server refuses a scope.",
  scope_narrowed: "The token has fewer scopes than asked for.",
  invalid_target: "The server refuses the audience or resource.",
  parameter_missing: "The server requires another parameter, such as audience or scope.",
  dpop_required: "The server or the API requires DPoP.",
  dpop_rejected: "The server or the API rejects the DPoP proof.",
  dpop_nonce_required: "The server requires a nonce in DPoP proofs or assertions.",
  token_request_refused: "The server refuses the token request for another reason.",
  // Token.
  response_invalid: "The token endpoint's answer is no token response.",
  token_type_unsupported: "The token has a type that isn't Bearer or DPoP.",
  lifetime_mismatch: "expires_in and the token's own exp differ.",
  lifetime_short: "The token lives for less than a minute.",
  token_too_long: "The token is longer than gateways take.",
  audience_mismatch: "The token's audience isn't the API.",
  issuer_unexpected: "The token's issuer isn't the one of the settings.",
  same_token: "A second request gets the same token.",
  previous_revoked: "A second token revokes the first.",
  // API.
  endpoint_path_lost: "The path of endpoint doesn't count: it doesn't end in a slash, or the input starts with one.",
  api_not_found: "The API answers 404.",
  api_redirects: "The API redirects, perhaps to another origin, where the token doesn't go.",
  api_is_html: "A web page (a sign-in, perhaps) answers in place of the API.",
  api_rejects_token: "The API rejects the token (401).",
  api_wants_scope: "The API wants more scopes (403 insufficient_scope).",
  api_forbids: "The API forbids the call (403).",
  api_wants_header: "The API wants the token in another header.",
  api_header_too_large: "The API's gateway refuses the request's header size (400, 413, 431).",
  api_needs_no_token: "The API answers the same without a token.",
  api_failed: "The API fails (5xx).",
  replication_lag: "The API takes the token only after a while.",
  unexplained: "Something else failed.",
} as const;

/** What is wrong, as a stable word for programs: a key of {@linkcode diagnosisCodes}. */
export type DiagnosisCode = keyof typeof diagnosisCodes;

/** Printed by `--help`. */
export const help = `Shows the life of an access token: issued, reused, refreshed, rejected and replaced.

  deno task demo            against two servers of its own, on loopback; ends after a few seconds
  deno task demo --serve    keeps those servers running for your own code, until Ctrl+C
  deno task demo --issuer URL --client-id ID [more]
                            against your authorization server

Your authorization server:
  --issuer URL              its issuer; the token endpoint is discovered
  --token-endpoint URL      the token endpoint itself, instead of --issuer
  --client-id ID            your client's id
  --scopes "a b"            the scopes to request (default: none)
  --audience X              the audience to request (default: none)
  --endpoint URL            an API to call with GET (default: no API is called)

The client secret comes from M2M_CLIENT_SECRET, in the environment or in a .env file here, never from an
argument: other users of the machine can read those, and the shell keeps them.`;

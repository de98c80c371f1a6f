/**
 * The client authentication that options ask for.
 *
 * @module
 */

import type { BasicEncoding } from "../client_auth/basic_authorization.ts";
import type { ClientAuth, ClientSecret } from "../client_auth/client_auth.ts";
import { clientSecretBasic } from "../client_auth/client_secret_basic.ts";
import { clientSecretPost } from "../client_auth/client_secret_post.ts";
import { none } from "../client_auth/none.ts";

/** Chooses the client authentication that `clientSecret`, `basicEncoding` and `clientAuth` ask for. */
export function chooseClientAuth({ clientSecret, clientAuth, basicEncoding }: {
  clientSecret?: ClientSecret | undefined;
  clientAuth?: ClientAuth | undefined;
  basicEncoding?: BasicEncoding | undefined;
}): ClientAuth {
  if (clientAuth === undefined) {
    if (clientSecret === undefined) return none();
    const basic = clientSecretBasic(clientSecret, { encoding: basicEncoding });
    // An encoding is one of Basic's.
    return basicEncoding ? basic : { ...basic, alternative: clientSecretPost(clientSecret) };
  }
  if (typeof clientAuth?.authenticate !== "function" || (clientSecret ?? basicEncoding) !== undefined) {
    throw new TypeError(
      "clientAuth must be made by clientSecretPost or the like, without clientSecret and basicEncoding.",
    );
  }
  return clientAuth;
}

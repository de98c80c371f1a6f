/** The libraries, by the name of their file in `clients/`: ours first, then the peers. @module */

import { authenticator } from "./clients/authenticator.ts";
import { badgateway } from "./clients/badgateway.ts";
import type { Library } from "./clients/client.ts";
import { msal } from "./clients/msal.ts";
import { oauth4webapi } from "./clients/oauth4webapi.ts";
import { openidClient } from "./clients/openid_client.ts";
import { simpleOauth2 } from "./clients/simple_oauth2.ts";

const byFile: Readonly<Record<string, Library>> = {
  authenticator,
  badgateway,
  msal,
  openid_client: openidClient,
  simple_oauth2: simpleOauth2,
  oauth4webapi,
};

export const libraries = Object.entries(byFile).map(([file, library]) => {
  const [, name = "", version = ""] = /^(?:npm:)?(.+)@(.+)$/.exec(library.package) ?? [];
  return { ...library, file, name, version };
});

export const ours = libraries[0]!;

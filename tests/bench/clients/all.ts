/** Ours first, then the peers. @module */

import { authenticator } from "./authenticator.ts";
import { badgateway } from "./badgateway.ts";
import type { Library } from "./client.ts";
import { msal } from "./msal.ts";
import { oauth4webapi } from "./oauth4webapi.ts";
import { openidClient } from "./openid_client.ts";
import { simpleOauth2 } from "./simple_oauth2.ts";

export const ours: Library = authenticator;
export const peers: readonly Library[] = [badgateway, msal, openidClient, simpleOauth2, oauth4webapi];
export const libraries: readonly Library[] = [ours, ...peers];

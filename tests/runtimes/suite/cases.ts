/** All cases, in the order in which they are reported. @module */
import { aborts } from "./aborts.ts";
import { bodies } from "./bodies.ts";
import type { Case } from "./case.ts";
import { failures } from "./failures.ts";
import { printing } from "./printing.ts";
import { realServers } from "./real_servers.ts";
import { redirects } from "./redirects.ts";
import { refusedTokens } from "./refused_tokens.ts";
import { renewals } from "./renewals.ts";
import { settings } from "./settings.ts";
import { tokenAnswers } from "./token_answers.ts";
import { tokenRequests } from "./token_requests.ts";
import { use } from "./use.ts";

export const cases: readonly Case[] = [
  ...realServers,
  ...settings,
  ...use,
  ...tokenRequests,
  ...tokenAnswers,
  ...failures,
  ...renewals,
  ...refusedTokens,
  ...bodies,
  ...redirects,
  ...aborts,
  ...printing,
];

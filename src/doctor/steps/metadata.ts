/**
 * The server's metadata where the config store didn't need any: for what it advertises.
 *
 * @module
 */

import { listMetadataUrls } from "../../discovery/metadata_request.ts";
import { listParents, lookAt } from "../discovery_answers.ts";
import type { Step } from "../examination.ts";
import { findTokenEndpoint } from "../targets.ts";

/** Looks for metadata at the issuer, and at the token endpoint's origin and folders. Finding none is no fault. */
export const metadata: Step = {
  name: "metadata",
  needs: ["token endpoint"],
  async run(examination) {
    const { facts } = examination;
    const { issuer } = facts.settings!;
    if (facts.metadata) return [];
    // The origin first, then the folders: tenants often have one.
    const folders = listParents(findTokenEndpoint(examination)!).slice(-4).reverse();
    const places = issuer && URL.canParse(issuer) ? listMetadataUrls(issuer) : folders.flatMap(listMetadataUrls);
    const found = await lookAt(examination, [...new Set(places)]);
    if (!found) return [];
    facts.metadata = found.metadata;
    const { token_endpoint_auth_methods_supported: methods = [] } = found.metadata;
    const advertised = examination.redact(methods.join(", "));
    const { pathname } = new URL(found.place);
    return [{
      name: "metadata",
      status: "passed",
      seen: `Found at ${pathname}${advertised ? `; it advertises ${advertised}` : ""}.`,
    }];
  },
};

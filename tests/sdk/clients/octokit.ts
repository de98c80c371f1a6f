import { Octokit } from "npm:octokit@5.0.5";
import { readParts, type Sdk } from "../sdk.ts";

const repository = { owner: "m2m", repo: "authenticator" };

export const sdk: Sdk = {
  api: "github",
  has: { timeout: false, abort: true },
  connect({ url: baseUrl, fetch }) {
    const octokit = new Octokit({ baseUrl, request: { fetch }, retry: { retryAfterBaseValue: 1 } });
    return {
      plain: async (signal) =>
        (await octokit.rest.repos.get({ ...repository, ...signal && { request: { signal } } })).data.name,
      post: async (title) => (await octokit.rest.issues.create({ ...repository, title })).data.title,
      stream: async function* () {
        const { data } = await octokit.request("GET /stream", { request: { parseSuccessResponseBody: false } });
        yield* readParts(data);
      },
    };
  },
};

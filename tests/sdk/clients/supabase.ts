import { createClient } from "npm:@supabase/supabase-js@2.119.1";
import type { Sdk } from "../sdk.ts";

type Row = { value: string };

export const sdk: Sdk = {
  api: "supabase",
  has: { timeout: true, abort: true },
  callerHeader: "replace",
  connect({ url, fetch, timeout }) {
    const client = createClient(url, "own-key", {
      global: { fetch },
      auth: { autoRefreshToken: false, persistSession: false },
      ...timeout && { db: { timeout } },
    });
    return {
      async plain(signal) {
        const query = client.from("rows").select("value");
        return (await (signal ? query.abortSignal(signal) : query).single<Row>().throwOnError()).data.value;
      },
      post: async (value) =>
        (await client.from("rows").insert({ value }).select("value").single<Row>().throwOnError()).data.value,
    };
  },
};

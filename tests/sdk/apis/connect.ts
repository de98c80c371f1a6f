/** A Connect router. @module */
import { createConnectRouter } from "npm:@connectrpc/connect@2.3.0";
import {
  universalServerRequestFromFetch,
  universalServerResponseToFetch,
} from "npm:@connectrpc/connect@2.3.0/protocol";
import type { Answer } from "../api.ts";
import { service } from "../connect_service.ts";

/** Answers by the router. */
export const answer: Answer = async ({ request, path, continued }) => {
  const implementation = {
    plain: () => ({ value: "answer" }),
    post: (text: unknown) => text as { value: string },
    stream: async function* () {
      yield { value: "one" };
      await continued;
      yield { value: "two" };
    },
  };
  // The types are those of generated code.
  const { handlers } = createConnectRouter().service(service, implementation as never);
  const handle = handlers.find(({ requestPath }) => requestPath === path);
  return handle && universalServerResponseToFetch(await handle(universalServerRequestFromFetch(request, {})));
};

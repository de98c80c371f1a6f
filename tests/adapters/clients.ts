/**
 * The clients, each made to carry an authenticator's tokens.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { authenticateAxios } from "@m2m/authenticator/adapters/axios";
import type { AdapterOptions, ApiAuthenticator } from "@m2m/authenticator/adapters/axios";
import { authenticateElasticsearch } from "@m2m/authenticator/adapters/elasticsearch";
import { gotHooks } from "@m2m/authenticator/adapters/got";
import { authenticateSmithy } from "@m2m/authenticator/adapters/smithy";
import { undiciInterceptor } from "@m2m/authenticator/adapters/undici";
import { Client, HttpConnection, UndiciConnection } from "npm:@elastic/elasticsearch@9.5.1";
import { HttpRequest } from "npm:@smithy/core@3.41.1/protocols";
import { NodeHttpHandler } from "npm:@smithy/node-http-handler@4.14.2";
import axios from "npm:axios@1.21.1";
import got from "npm:got@16.1.0";
import { Agent, FormData as UndiciForm, interceptors, request } from "npm:undici@7.30.2";

/** A call, as all clients can make it. */
export interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** The client's own time-out, in milliseconds. */
  readonly timeout?: number;
}

/** An answer; with what the client throws for it, if it does. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly error?: unknown;
}

/** A client that is ready. */
export interface OpenClient {
  call(url: string, call?: Call): Promise<Answer>;
  close(): unknown;
}

/** A client. */
export interface ClientUnderTest {
  /** Makes one. */
  open(authenticator: ApiAuthenticator, options?: AdapterOptions): OpenClient;
  /** Bodies that can be sent twice, which hold `a body`. */
  readonly bodies: Readonly<Record<string, () => unknown>>;
  /** Whether it follows redirects. */
  readonly redirects: boolean;
}

const bytes = () => Buffer.from("a body");
const form = (Form: new () => Pick<FormData, "append"> = FormData) => {
  const data = new Form();
  data.append("field", "a body");
  return data;
};

/** A body that can't be sent twice. */
export const stream = () => Readable.from([bytes()]);

const elasticsearch = (Base: typeof HttpConnection | typeof UndiciConnection): ClientUnderTest => ({
  open(authenticator, options) {
    const Connection = authenticateElasticsearch(Base, authenticator, options);
    const open: { close(): Promise<void> }[] = [];
    return {
      async call(url, { method = "GET", headers, body, signal, timeout } = {}) {
        const { origin, pathname, search } = new URL(url);
        const client = new Client({ node: origin, Connection, maxRetries: 0 });
        open.push(client);
        const params = { method, path: pathname, querystring: search.slice(1), body: body as string };
        const settings = { meta: true as const, ...headers && { headers }, ...signal && { signal } };
        try {
          const last = await client.transport.request(params, {
            ...settings,
            ...timeout && { requestTimeout: timeout },
          });
          return { status: last.statusCode!, body: String(last.body) };
        } catch (error) {
          const { statusCode, body } = error as { statusCode?: number; body?: unknown };
          if (!statusCode) throw error;
          return { status: statusCode, body: String(body), error };
        }
      },
      close: () => Promise.all(open.map((each) => each.close())),
    };
  },
  bodies: { text: () => "a body", json: () => ({ field: "a body" }) },
  redirects: false,
});

/** Each client, by its name. */
export const clients: Readonly<Record<string, ClientUnderTest>> = {
  axios: {
    open(authenticator, options) {
      const client = axios.create({ responseType: "text", transformResponse: (data) => data });
      authenticateAxios(client, authenticator, options);
      return {
        async call(url, { body: data, timeout = 0, ...call } = {}) {
          try {
            const { status, data: body } = await client.request({ url, data, timeout, ...call });
            return { status, body };
          } catch (error) {
            const { response } = error as { response?: { status: number; data: string } };
            if (!response) throw error;
            return { status: response.status, body: response.data, error };
          }
        },
        close() {},
      };
    },
    bodies: {
      text: () => "a body",
      bytes,
      form: () => form(),
      parameters: () => new URLSearchParams({ field: "a body" }),
    },
    redirects: true,
  },
  "elasticsearch, by undici": elasticsearch(UndiciConnection),
  "elasticsearch, by Node": elasticsearch(HttpConnection),
  got: {
    open(authenticator, options) {
      const client = got.extend({ retry: { limit: 0 } }, gotHooks(authenticator, options));
      return {
        async call(url, { timeout, body: data, ...call } = {}) {
          const settings = { ...call, ...data !== undefined && { body: data }, timeout: { request: timeout } };
          try {
            const { statusCode: status, body } = await client(url, settings as object) as unknown as {
              statusCode: number;
              body: string;
            };
            return { status, body };
          } catch (error) {
            const { response } = error as { response?: { statusCode: number; body: string } };
            if (!response) throw error;
            return { status: response.statusCode, body: response.body, error };
          }
        },
        close() {},
      };
    },
    bodies: { text: () => "a body", bytes, form: () => form() },
    redirects: true,
  },
  smithy: {
    open(authenticator, options) {
      const handler = authenticateSmithy(new NodeHttpHandler({ throwOnRequestTimeout: true }), authenticator, options);
      return {
        async call(url, { method = "GET", headers = {}, body, signal, timeout } = {}) {
          const { protocol, hostname, port, pathname: path } = new URL(url);
          const length: Record<string, string> = typeof body === "string" || Buffer.isBuffer(body)
            ? { "content-length": "6" }
            : {};
          const request = new HttpRequest({
            ...{ protocol, hostname, port: Number(port), method, path, body },
            headers: { ...length, ...headers },
          });
          const { response } = await handler.handle(request, {
            ...signal && { abortSignal: signal },
            ...timeout && { requestTimeout: timeout },
          });
          return {
            status: response.statusCode,
            body: await new Response(Readable.toWeb(response.body) as BodyInit).text(),
          };
        },
        close: () => handler.destroy(),
      };
    },
    bodies: { text: () => "a body", bytes },
    redirects: false,
  },
  undici: {
    open(authenticator, options) {
      const agent = new Agent();
      const dispatcher = agent.compose(
        undiciInterceptor(authenticator, options),
        interceptors.redirect({ maxRedirections: 5 }),
      );
      return {
        async call(url, { timeout, method = "GET", ...call } = {}) {
          const settings = { ...call, method, dispatcher, ...timeout && { headersTimeout: timeout } };
          const { statusCode: status, body } = await request(url, settings as Parameters<typeof request>[1]);
          return { status, body: await body.text() };
        },
        close: () => agent.destroy(),
      };
    },
    // Not every version takes the runtime's own form.
    bodies: { text: () => "a body", bytes, form: () => form(UndiciForm) },
    redirects: true,
  },
};

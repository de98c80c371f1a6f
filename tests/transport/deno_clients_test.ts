import { assertEquals } from "@std/assert";
import { denoTransport } from "@m2m/authenticator/transport/deno";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { startTlsServer } from "../servers/tls_server.ts";

const ca = await certificateAuthority("Our CA");
const clientCertificate = await ca.issue({ subject: "my-client", usage: "client" });

Deno.test("a certificate is shown to more origins than keep connections, whoever asks for none beside them; closing frees them all", async () => {
  await using stack = new AsyncDisposableStack();
  const certificate = await ca.issue({ subject: "server", addresses: ["127.0.0.1"] });
  const servers: { origin: string; client: string | undefined; countConnections(): number }[] = [];
  for (let count = 0; count < 18; count++) {
    // Those that ask for none begin sessions with which a client would go on at the others, showing none.
    const asks = count % 2 === 1;
    const { origin, countConnections } = stack.use(
      await startTlsServer({ certificate, ...asks && { clientAuthority: ca.pem } }),
    );
    servers.push({ origin, countConnections, client: asks ? "my-client" : undefined });
  }
  const transport = denoTransport({ verify: ca.pem, clientCertificate });

  for (const round of [servers, servers.toReversed()]) {
    for (const { origin, client } of round) {
      const url = `${origin}/echo`;
      const response = await transport.fetch(round === servers ? url : new Request(url));
      assertEquals((await response.json()).client, client);
    }
  }
  // The two that were called longest ago had to connect anew.
  assertEquals(servers.map((server) => server.countConnections()), servers.map((_, index) => index < 2 ? 2 : 1));

  await transport.close();
});

Deno.test("what is under way goes on while so many other origins are called that its own keeps no connection", async () => {
  await using stack = new AsyncDisposableStack();
  let body: ReadableStreamDefaultController<string> | undefined;
  const redirected = Promise.withResolvers<Response>();
  const start = () => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === "/redirect") return redirected.promise;
      if (pathname !== "/body") return new Response(pathname);
      return new Response(
        new ReadableStream<string>({ start: (controller) => void (body = controller) }).pipeThrough(
          new TextEncoderStream(),
        ),
      );
    });
    stack.defer(() => server.shutdown());
    return `http://127.0.0.1:${server.addr.port}`;
  };
  const origins = Array.from({ length: 20 }, start);
  const [one = "", another = "", ...others] = origins;
  const transport = stack.use(denoTransport({ clientCertificate }));

  const reading = await transport.fetch(`${one}/body`);
  const following = transport.fetch(`${another}/redirect`);
  for (const origin of others) assertEquals(await (await transport.fetch(`${origin}/x`)).text(), "/x");
  redirected.resolve(Response.redirect(`${another}/end`));
  body?.enqueue("still there");
  body?.close();

  assertEquals(await (await following).text(), "/end");
  assertEquals(await reading.text(), "still there");
});

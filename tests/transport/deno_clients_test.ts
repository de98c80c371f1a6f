import { assertEquals } from "@std/assert";
import { denoTransport } from "@m2m/authenticator/transport/deno";
import { serve } from "../servers/loopback.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { startTlsServer } from "../servers/tls_server.ts";

const ca = await certificateAuthority("Our CA");
const clientCertificate = await ca.issue({ subject: "my-client", usage: "client" });

Deno.test("denoTransport: shows its certificate to each origin that asks; keeps connections to the 16 last used", async () => {
  await using stack = new AsyncDisposableStack();
  const certificate = await ca.issue({ subject: "server", addresses: ["127.0.0.1"] });
  // Every other server asks for none: its TLS session must not be resumed at the next, without a certificate.
  const servers = await Promise.all(Array.from({ length: 18 }, async (_, index) => {
    const asks = index % 2 === 1;
    const server = stack.use(await startTlsServer({ certificate, ...asks && { clientAuthority: ca.pem } }));
    return { server, client: asks ? "my-client" : undefined };
  }));
  const transport = denoTransport({ verify: ca.pem, clientCertificate });

  for (const round of [servers, servers.toReversed()]) {
    for (const { server, client } of round) {
      const url = `${server.origin}/echo`;
      const response = await transport.fetch(round === servers ? url : new Request(url));
      assertEquals((await response.json()).client, client);
    }
  }
  assertEquals(servers.map(({ server }) => server.countConnections()), servers.map((_, index) => index < 2 ? 2 : 1));

  // The leak sanitizer sees what it leaves open.
  await transport.close();
});

Deno.test("denoTransport: requests under way go on after more other origins than it keeps connections to", async () => {
  await using stack = new AsyncDisposableStack();
  const body = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const redirected = Promise.withResolvers<Response>();
  const answer = ({ url }: Request) => {
    const { pathname } = new URL(url);
    if (pathname === "/redirect") return redirected.promise;
    return new Response(pathname === "/body" ? body.readable : pathname);
  };
  const [one = "", another = "", ...others] = Array.from({ length: 20 }, () => stack.use(serve(answer)).origin);
  const transport = stack.use(denoTransport({ clientCertificate }));

  const reading = await transport.fetch(`${one}/body`);
  const following = transport.fetch(`${another}/redirect`);
  for (const origin of others) assertEquals(await (await transport.fetch(`${origin}/x`)).text(), "/x");
  redirected.resolve(Response.redirect(`${another}/end`));
  const [text] = await Promise.all([reading.text(), new Blob(["still there"]).stream().pipeTo(body.writable)]);

  assertEquals([await (await following).text(), text], ["/end", "still there"]);
});

import { assertEquals } from "@std/assert";
import { denoTransport } from "@m2m/authenticator/transport/deno";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { startTlsServer } from "../servers/tls_server.ts";

Deno.test("a certificate is shown to more origins than have a client of their own, and closing frees them all", async () => {
  await using stack = new AsyncDisposableStack();
  const ca = await certificateAuthority("Our CA");
  const certificate = await ca.issue({ subject: "server", addresses: ["127.0.0.1"] });
  const clientCertificate = await ca.issue({ subject: "my-client", usage: "client" });
  const servers = [];
  for (let count = 0; count < 18; count++) {
    servers.push(stack.use(await startTlsServer({ certificate, clientAuthority: ca.pem })));
  }
  const transport = denoTransport({ verify: ca.pem, clientCertificate });

  for (let round = 0; round < 2; round++) {
    for (const { origin } of servers) {
      const url = `${origin}/echo`;
      const response = await transport.fetch(round === 0 ? url : new Request(url));
      assertEquals((await response.json()).client, "my-client");
    }
  }
  // Connections are kept as by a single client.
  assertEquals(servers.map((server) => server.countConnections()), servers.map(() => 1));

  await transport.close();
});

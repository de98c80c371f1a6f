import { assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { clientMetadata } from "@m2m/authenticator/client-metadata";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { startPlace } from "../client_auth/place.ts";
import { getStatus } from "../client_auth/refusal.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { host } from "../servers/loopback.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";

const [old, young] = (await Promise.all([testKey("ES256"), testKey("EdDSA")])).map(({ pem, alg }) => ({
  key: pem,
  kid: `kid-of-${alg}`,
}));
const maxAge = 1_000;
const expire = () => new Promise((resolve) => setTimeout(resolve, maxAge + 100));

for (const name of ["keys", "jwks"] as const) {
  Deno.test(`clientMetadata: a server reads the document at the client's id, and no call fails while ${name} rotate`, async () => {
    let [published, signing] = [[old!], old!];
    let handle: (request: Request) => Promise<Response> = () => Promise.reject("not yet");
    const authority = await certificateAuthority("Our CA");
    const certificate = await authority.issue({ subject: "client", addresses: [host] });
    await using client = Deno.serve(
      { ...certificate, hostname: host, port: 0, onListen() {} },
      (request) => handle(request),
    );
    const clientId = `https://${host}:${client.addr.port}/oauth/reporter`;
    handle = clientMetadata({ clientId, [name]: () => published, maxAge, client_name: "Reporter", scope: "api:read" });
    using trusting = Deno.createHttpClient({ caCerts: [authority.pem] });
    await using place = await startPlace({
      clients: [],
      fetchMetadata: (input, init) => fetch(input, { ...init, client: trusting }),
    });
    const { server: { issuer, tokenRequests }, api } = place;
    const configStore = new DiscoveryClientConfigStore(issuer, {
      overrides: { scopes: ["api:read"], audience: issuer },
    });

    await using authenticator = new ClientCredentialsAuthenticator({
      endpoint: api.origin,
      clientId,
      clientAuth: privateKeyJwt(() => signing),
      configStore,
      cooldown: 0,
    });
    const steps = [
      () => {},
      () => void (published = [old!, young!]),
      expire,
      () => void (signing = young!),
      () => void (published = [young!]),
      expire,
    ];
    for (const step of steps) {
      await step();
      await authenticator.refreshCredentials();
      assertEquals(await getStatus(authenticator.fetch("/")), 200);
    }
    assertEquals(tokenRequests.map(({ status }) => status), steps.map(() => 200));

    signing = old!;
    const error = await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
    assertEquals(error.error, "invalid_client", "a key that isn't published any more");
  });
}

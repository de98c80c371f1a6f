import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { assertNothingShows } from "../faults/planted.ts";
import { startFaultServer } from "../servers/fault_server.ts";
import { type Failure, metadataCases } from "./metadata_cases.ts";

for (const [name, behaviour, end, timeout = 5_000] of metadataCases) {
  const outcome = "metadata" in end ? "its metadata is used" : `it ends with ${end.code}`;
  Deno.test(`a server that ${name}: ${outcome}`, async () => {
    await using elsewhere = await startFaultServer();
    await using server = await startFaultServer();
    const places = { here: server.origin, elsewhere: elsewhere.origin };
    server.always((request) => behaviour(places, request));
    const store = new DiscoveryClientConfigStore(server.origin, { timeout });

    const got = await store.getMetadata().catch((error: unknown) => error);

    assertEquals(elsewhere.connections, 0);
    assertNothingShows(got);
    if (!("metadata" in end)) return assertFailure(got, end, server.origin);
    assert(!(got instanceof Error), String(got));
    assertEquals(got, { issuer: server.origin, token_endpoint: `${server.origin}/token`, ...end.metadata });
    assert(Object.isFrozen(got));
    assertEquals(Object.getPrototypeOf(got), Object.prototype);
    assertEquals(server.requests.map(({ method }) => method), Array(server.requests.length).fill("GET"));
    assertEquals(server.requests[0]?.headers.get("accept"), "application/json");
  });
}

function assertFailure(got: unknown, { code, says, status, retryable = false }: Failure, issuer: string) {
  assert(got instanceof AuthenticationError, String(got));
  assertEquals([got.code, got.retryable], [code, retryable]);
  if (status !== undefined) assertEquals(got.status, status);
  assertStringIncludes(got.message, says);
  assertStringIncludes(got.message, issuer);
  assertEquals("cause" in got, false);
}

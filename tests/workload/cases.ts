/** What each platform's identity does, on any runtime with files and sockets. @module */

import { assertEquals, assertFalse, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { AuthenticationError, type Fetch } from "@m2m/authenticator";
import { type WorkloadIdentity, workloadIdentity, type WorkloadIdentityOptions } from "@m2m/authenticator/workload";
import { awsToken } from "@m2m/authenticator/workload/aws";
import { azureToken } from "@m2m/authenticator/workload/azure";
import { flyToken } from "@m2m/authenticator/workload/fly";
import { gcpToken } from "@m2m/authenticator/workload/gcp";
import { githubActionsToken } from "@m2m/authenticator/workload/github-actions";
import { gitlabCiToken } from "@m2m/authenticator/workload/gitlab-ci";
import { kubernetesToken } from "@m2m/authenticator/workload/kubernetes";
import { spiffeToken } from "@m2m/authenticator/workload/spiffe";
import { vercelToken } from "@m2m/authenticator/workload/vercel";
import { audience, makeJwt, reachPlatforms, secrets, serveFly, variables } from "./platforms.ts";

/** What makes an identity: the world may be there, or another. */
interface World {
  readonly env: Record<string, unknown>;
  readonly fetch: ReturnType<typeof reachPlatforms>;
  /** A file, which holds this, and a socket. */
  readonly path: string;
  readonly socket: string;
  write(text: string): Promise<void>;
}

type Make = (world: World) => WorkloadIdentity;

async function inWorld(check: (world: World) => Promise<void>, issue?: (aud: string) => string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "workload_"));
  try {
    const [path, socket] = [join(folder, "token"), join(folder, "api")];
    const write = (text: string) => writeFile(path, text);
    await write(`${makeJwt()}\n`);
    const { close } = await serveFly(socket, issue);
    await check({ env: { ...variables, TOKEN: makeJwt() }, fetch: reachPlatforms(issue), path, socket, write })
      .finally(close);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const file = (name: string) => ({ env, path }: World) => ({ env: { ...env, [name]: path } });

/** By name: the identity, and its name. */
const requested: Readonly<Record<string, readonly [platform: string, Make]>> = {
  "GitHub Actions": ["github-actions", (world) => githubActionsToken({ audience, ...world })],
  "Google Cloud": ["gcp", (world) => gcpToken({ audience, ...world })],
  "a virtual machine of Azure": [
    "azure",
    (world) => azureToken({ audience, source: "imds", clientId: "6f2", ...world }),
  ],
  "Azure App Service": ["azure", (world) => azureToken({ audience, ...world })],
  "Azure Functions": ["azure", ({ env, fetch }) => {
    return azureToken({ audience, fetch, env: { ...env, IDENTITY_ENDPOINT: "http://169.254.255.2:8081/msi/token" } });
  }],
  "AWS STS": ["aws", (world) => awsToken({ audience, ...world })],
  "AWS STS, by the credentials of its SDK": ["aws", ({ fetch }) => {
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: secrets.key, sessionToken: secrets.session };
    return awsToken({ audience, region: "eu-west-1", env: {}, credentials: () => Promise.resolve(credentials), fetch });
  }],
  "Fly.io": ["fly", ({ socket }) => flyToken({ audience, socket })],
};
const given: typeof requested = {
  "Kubernetes": ["kubernetes", ({ path }) => kubernetesToken({ path, audience })],
  "SPIFFE": ["spiffe", ({ path }) => spiffeToken({ path, audience })],
  "GitLab": ["gitlab-ci", ({ env }) => gitlabCiToken({ variable: "TOKEN", audience, env })],
  "Vercel, by its variable": ["vercel", ({ env }) => vercelToken({ env: { VERCEL_OIDC_TOKEN: env.TOKEN }, audience })],
  "Vercel, by a request": ["vercel", ({ env }) => {
    const headers = new Headers({ "x-vercel-oidc-token": String(env.TOKEN) });
    return vercelToken({ headers: () => headers, env: { VERCEL_OIDC_TOKEN: "old" }, audience });
  }],
  "AKS": ["azure", (world) => azureToken({ audience, ...file("AZURE_FEDERATED_TOKEN_FILE")(world) })],
  "EKS": ["aws", (world) => awsToken({ audience, ...file("AWS_WEB_IDENTITY_TOKEN_FILE")(world) })],
};

/** Fails if a planted secret shows in anything that can be printed. */
function assertHides(value: unknown): void {
  const printed = [inspect(value, { depth: 9, showHidden: true, getters: true }), JSON.stringify(value), String(value)];
  const text = printed.join("\n") + (value instanceof Error ? `${value.message}${value.stack}` : "");
  for (const secret of [...Object.values(secrets), "planted"]) assertFalse(text.includes(secret), text);
}

async function assertFails(identity: WorkloadIdentity, message: RegExp, known: object = {}): Promise<void> {
  const error = await assertRejects(identity, AuthenticationError);
  assertMatch(error.message, message);
  const { code, status, retryable } = error;
  assertEquals({ code, status, retryable }, {
    code: "client_auth_unavailable",
    status: undefined,
    retryable: false,
    ...known,
  });
  assertHides(error);
}

const works = Object.fromEntries(
  Object.entries({ ...requested, ...given }).map(([name, [platform, make]]) => [
    `${name}: gives its JWT, and shows none`,
    () =>
      inWorld(async (world) => {
        const identity = make(world);
        const jwt = await identity();
        assertEquals([jwt, identity.platform], [makeJwt({ exp: JSON.parse(atob(jwt.split(".")[1]!)).exp }), platform]);
        assertMatch(identity.description, /\w{4}/);
        assertHides(identity);
      }),
  ]),
);

const nothing = { env: {} };
const rejectQuoting: Fetch = (_, init) => {
  const sent = [...new Headers(init?.headers)];
  return Promise.reject(new TypeError(`no route for ${sent} ${JSON.stringify(sent)} ${sent[0]![1].slice(7)}`));
};
const refused = { status: 403, retryable: false };
/** By what is missing: the identity, the message, and what else is known of the error. */
const missing: Readonly<Record<string, readonly [Make, RegExp, object?]>> = {
  "GitHub, outside": [() => githubActionsToken({ audience, ...nothing }), /_URL isn't set. .*id-token: write/],
  "GitHub, unencrypted": [
    ({ env }) => githubActionsToken({ audience, env: { ...env, ACTIONS_ID_TOKEN_REQUEST_URL: "http://a.test" } }),
    /is no "https:" URL/,
  ],
  "GitHub, with another token": [
    (world) =>
      githubActionsToken({ audience, ...world, env: { ...world.env, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "else" } }),
    /githubusercontent.com answered 403/,
    refused,
  ],
  "GitHub, by another protocol": [
    ({ env }) => githubActionsToken({ audience, env: { ...env, ACTIONS_ID_TOKEN_REQUEST_URL: "ftp://a.test" } }),
    /is no "https:" URL/,
  ],
  "GitHub, by a fetch that quotes the request": [
    ({ env }) => githubActionsToken({ audience, env, fetch: rejectQuoting }),
    /can't be reached \(no route for .*redacted/,
    { retryable: true },
  ],
  "GitHub, with a token that is no header": [
    ({ env, fetch }) =>
      githubActionsToken({ audience, fetch, env: { ...env, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "planted\nü" } }),
    /characters that no header/,
  ],
  "Google, elsewhere": [
    () => gcpToken({ audience, fetch: () => Promise.resolve(new Response(makeJwt())) }),
    /isn't the metadata server/,
  ],
  "Google, without a network": [
    () => gcpToken({ audience, fetch: () => Promise.reject(new TypeError("no route")) }),
    /can't be reached \(no route\)/,
    { retryable: true },
  ],
  "Google, while it hangs": [
    () => gcpToken({ audience, fetch: () => new Promise(() => {}), timeout: 20 }),
    /no answer within 20 ms/,
    { retryable: true },
  ],
  "Google, while it is overloaded": [
    () => gcpToken({ audience, fetch: () => Promise.resolve(new Response("planted", { status: 503 })) }),
    /answered 503/,
    { status: 503, retryable: true },
  ],
  "Azure, outside": [() => azureToken({ audience, ...nothing }), /IDENTITY_ENDPOINT isn't set. .*source: "imds"/],
  "Azure, without a file": [
    () => azureToken({ audience, source: "federated-file", ...nothing }),
    /AZURE_FEDERATED_TOKEN_FILE isn't set/,
  ],
  "Azure, unencrypted": [
    ({ env, fetch }) =>
      azureToken({ audience, fetch, env: { ...env, IDENTITY_ENDPOINT: "http://169.254.1.2.a.test/msi" } }),
    /IDENTITY_ENDPOINT is no "https:" URL/,
  ],
  "AWS, without a region": [() => awsToken({ audience, ...nothing }), /AWS_DEFAULT_REGION isn't set/],
  "AWS, without keys": [() => awsToken({ audience, region: "eu-west-1", ...nothing }), /AWS_ACCESS_KEY_ID isn't set/],
  "AWS, with another key": [
    (world) => awsToken({ audience, ...world, env: { ...world.env, AWS_SECRET_ACCESS_KEY: "planted-too" } }),
    /answered 403 \(Refused\)/,
    refused,
  ],
  "AWS, with credentials that are no headers": [
    (world) => awsToken({ audience, ...world, env: { ...world.env, AWS_SESSION_TOKEN: "planted\nü" } }),
    /can't be signed/,
  ],
  "EKS, for AWS itself": [
    (world) => awsToken({ audience: "else", ...file("AWS_WEB_IDENTITY_TOKEN_FILE")(world) }),
    /another audience than "else".*eks.amazonaws.com\/audience/,
  ],
  "Fly.io, outside": [
    ({ socket }) => flyToken({ audience, socket: `${socket}-not` }),
    /can't be reached .*Machine/,
    { retryable: true },
  ],
  "Kubernetes, without a file": [
    ({ path }) => kubernetesToken({ path: `${path}-not` }),
    /token's file \(ENOENT\).*projected/,
  ],
  "Kubernetes, for its own API": [({ path }) => kubernetesToken({ path, audience: "else" }), /another audience/],
  "GitLab, outside": [() => gitlabCiToken({ variable: "TOKEN", ...nothing }), /TOKEN isn't set.*id_tokens/],
  "GitLab, with something else": [
    () => gitlabCiToken({ variable: "TOKEN", env: { TOKEN: "planted" } }),
    /something else than a JWT/,
  ],
  "Vercel, outside": [() => vercelToken(nothing), /neither the header .*vercel env pull/],
};
const fails = Object.fromEntries(
  Object.entries(missing).map(([name, [make, message, known]]) => [
    `${name}: says what is missing, and no secret`,
    () => inWorld((world) => assertFails(make(world), message, known)),
  ]),
);

/** Counts the JWTs that are issued for six calls, of which four come at once. */
async function countIssued(make: Make, claims: object): Promise<{ issued: number; different: number }> {
  let issued = 0;
  const got = new Set<string>();
  const issue = (aud: string) => makeJwt({ aud, number: ++issued, ...claims, ...makeJti(claims, issued) });
  await inWorld(async (world) => {
    const identity = make(world);
    for (const count of [4, 1, 1]) {
      for (const jwt of await Promise.all(Array.from({ length: count }, identity))) got.add(jwt);
    }
  }, issue);
  return { issued, different: got.size };
}

const makeJti = (claims: object, number: number) => "jti" in claims ? { jti: String(number) } : {};

/** The finder's platforms: the environment, the options, and what is found. */
const found: readonly (readonly [Record<string, string>, Partial<WorkloadIdentityOptions>, string])[] = [
  [variables, {}, "github-actions"],
  [{ MY_TOKEN: "a" }, { gitlabVariable: "MY_TOKEN" }, "gitlab-ci"],
  [{ VERCEL_OIDC_TOKEN: "a" }, {}, "vercel"],
  [{ FLY_MACHINE_ID: "1" }, {}, "fly"],
  [{ AZURE_FEDERATED_TOKEN_FILE: "/a" }, {}, "azure"],
  [{ IDENTITY_ENDPOINT: "http://127.0.0.1", IDENTITY_HEADER: "a" }, {}, "azure"],
  [{ AWS_WEB_IDENTITY_TOKEN_FILE: "/a" }, {}, "aws"],
  [{ K_SERVICE: "a" }, { useMetadataServer: true }, "gcp"],
];

export const cases: Readonly<Record<string, () => Promise<void>>> = {
  ...works,
  ...fails,
  "a JWT is requested once for all, and used until shortly before it expires; one with a jti is handed out once":
    async () => {
      for (const [name, [, make]] of Object.entries(requested)) {
        assertEquals([name, await countIssued(make, {})], [name, { issued: 1, different: 1 }]);
      }
      const [, github] = requested["GitHub Actions"]!;
      const reusing: Make = (world) => githubActionsToken({ audience, reuse: true, ...world });
      assertEquals(await countIssued(github, { jti: "" }), { issued: 6, different: 6 });
      assertEquals(await countIssued(reusing, { jti: "" }), { issued: 1, different: 1 });
      const exp = Math.floor(Date.now() / 1_000);
      assertEquals(await countIssued(github, { exp }), { issued: 3, different: 3 });
    },
  "a JWT for another audience, or of a minute ago, is sent nowhere": async () => {
    const exp = Math.floor(Date.now() / 1_000) - 61;
    for (const [platform, make] of Object.values(requested)) {
      await inWorld((world) => assertFails(make(world), /has expired/), (aud) => makeJwt({ aud, exp }));
      // Azure's may have the GUID of the app.
      if (platform === "azure") continue;
      await inWorld((world) => assertFails(make(world), /another audience than/), () => makeJwt({ aud: "else" }));
    }
  },
  "a file is read each time": () =>
    inWorld(async ({ path, write }) => {
      const identity = kubernetesToken({ path });
      const first = await identity();
      await write(makeJwt({ number: 2 }));
      assertFalse(first === await identity());
      await write(makeJwt({ sub: "me" }));
      await assertFails(spiffeToken({ path }), /no JWT-SVID/);
    }),
  "workloadIdentity finds what is there, and sends nothing": () =>
    inWorld(async ({ path, fetch }) => {
      for (const [env, options, platform] of found) {
        assertEquals(workloadIdentity({ audience, env, fetch, ...options }).platform, platform);
      }
      for (const [option, platform] of [["kubernetesPath", "kubernetes"], ["spiffePath", "spiffe"]] as const) {
        const identity = workloadIdentity({ audience, env: {}, [option]: path });
        assertEquals([identity.platform, await identity()], [platform, await kubernetesToken({ path })()]);
      }
      const eks = workloadIdentity({ audience, env: { AWS_WEB_IDENTITY_TOKEN_FILE: path } });
      assertEquals(await eks(), await kubernetesToken({ path })());
      assertEquals(fetch.hosts, []);
      await workloadIdentity({ audience, env: variables, fetch })();
      assertEquals(fetch.hosts, ["run.actions.githubusercontent.com"]);
    }),
  "workloadIdentity finds Vercel before there is a request, and reads the token of each": () =>
    inWorld(async ({ env }) => {
      const key = Symbol.for("@vercel/request-context");
      const identity = workloadIdentity({ audience, env: { VERCEL: "1" } });
      const headers = { "x-vercel-oidc-token": env.TOKEN };
      try {
        for (const held of [{ ...headers, odd: "planted\nü" }, new Headers(headers as HeadersInit)]) {
          Reflect.set(globalThis, key, { get: () => ({ headers: held }) });
          for (const each of [identity, workloadIdentity({ audience, env: {} })]) {
            assertEquals([each.platform, await each()], ["vercel", env.TOKEN]);
          }
        }
      } finally {
        Reflect.deleteProperty(globalThis, key);
      }
    }),
  "workloadIdentity lists what it looked for where none is there, and probes no address": () =>
    inWorld(({ fetch, path }) => {
      const env = { K_SERVICE: "a", AWS_ACCESS_KEY_ID: "a", ACTIONS_ID_TOKEN_REQUEST_URL: "https://planted.test" };
      const make = () => workloadIdentity({ audience, env, fetch, kubernetesPath: `${path}-not` });
      const error = assertThrows(make, AuthenticationError, "Cannot find a workload identity. Looked for: GitHub");
      for (
        const each of ["GitLab", "Vercel", "Fly", "Azure", "AWS", "SPIFFE", "Kubernetes", "useMetadataServer isn't"]
      ) {
        assertMatch(error.message, new RegExp(each));
      }
      assertEquals([error.code, fetch.hosts], ["client_auth_unavailable", []]);
      assertHides(error);
      return Promise.resolve();
    }),
  "wrong options are refused at once": () => {
    const wrong: readonly [() => unknown, string][] = [
      [() => githubActionsToken({} as never), "audience must"],
      [() => gcpToken({ audience, timeout: "1" as never }), "timeout must"],
      [() => gcpToken({ audience, metadataServer: "a" }), "metadataServer must"],
      [() => azureToken({ audience, source: "vm" as never }), "source must"],
      [() => awsToken({ audience, signingAlgorithm: "HS256" as never }), "signingAlgorithm must"],
      [() => flyToken({ audience, socket: "" }), "socket must"],
      [() => gitlabCiToken({ variable: "planted.jwt" }), "variable must"],
      [() => kubernetesToken({ path: "" }), "path must"],
      [() => vercelToken({ headers: {} as never }), "headers must"],
      [() => workloadIdentity({ audience: "" }), "audience must"],
    ];
    for (const [make, message] of wrong) assertHides(assertThrows(make, TypeError, message));
    assertThrows(() => awsToken({ audience, lifetime: 1_000 }), RangeError, "lifetime must");
    return Promise.resolve();
  },
};

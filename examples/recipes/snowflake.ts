/**
 * Snowflake's SQL API by key pair: the token is a JWT that the client signs itself, for an hour at most.
 *
 * Run against a server that answers as its documents say:
 * https://docs.snowflake.com/en/developer-guide/sql-api/authenticating
 *
 *     deno add jsr:@m2m/authenticator npm:jose
 *     deno run --env-file --allow-env=SNOWFLAKE_* --allow-read=rsa_key.p8 --allow-net=acme-main.snowflakecomputing.com snowflake.ts
 *
 * Environment: `SNOWFLAKE_ENDPOINT` (`https://acme-main.snowflakecomputing.com`), `SNOWFLAKE_ACCOUNT` (`ACME-MAIN`),
 * `SNOWFLAKE_USER`, `SNOWFLAKE_KEY_FILE` (PEM, PKCS#8). With External OAuth, take the recipe of the authorization server,
 * with the scope `session:role:…`, and `OAUTH` as the type below.
 */
import { Authenticator, Credentials } from "@m2m/authenticator";
import { importPKCS8, SignJWT } from "jose";
import { createHash, createPublicKey } from "node:crypto";

const env = (name: string) => Deno.env.get(`SNOWFLAKE_${name}`) ?? "";

class SnowflakeAuthenticator extends Authenticator {
  constructor(account: string, user: string, pem: string) {
    const subject = `${account}.${user}`.toUpperCase();
    const publicKey = createPublicKey(pem).export({ type: "spki", format: "der" });
    const fingerprint = createHash("sha256").update(publicKey).digest("base64");
    super({ endpoint: env("ENDPOINT") }, () => async () => {
      const expiresAt = Date.now() + 59 * 60_000;
      const jwt = new SignJWT({ iss: `${subject}.SHA256:${fingerprint}`, sub: subject });
      jwt.setProtectedHeader({ alg: "RS256" }).setIssuedAt().setExpirationTime(new Date(expiresAt));
      return {
        credentials: new Credentials({ accessToken: await jwt.sign(await importPKCS8(pem, "RS256")), expiresAt }),
      };
    });
  }
}

const pem = await Deno.readTextFile(env("KEY_FILE"));
const authenticator = new SnowflakeAuthenticator(env("ACCOUNT"), env("USER"), pem);
const response = await authenticator.fetch("/api/v2/statements", {
  method: "POST",
  headers: { "content-type": "application/json", "x-snowflake-authorization-token-type": "KEYPAIR_JWT" },
  body: JSON.stringify({ statement: "select current_user()", timeout: 60 }),
});
console.log(response.status, await response.text());

/**
 * How long a header gateways and servers take.
 *
 * @module
 */

/** What a gateway or server takes by default. */
export interface HeaderLimit {
  readonly name: string;
  /** In bytes: of one header line, or of all of them with the request line. */
  readonly bytes: number;
  readonly scope: "line" | "all";
}

/** Defaults, the smallest first. Most can be raised. */
export const headerLimits: readonly HeaderLimit[] = [
  { name: "nginx", bytes: 8_192, scope: "line" },
  { name: "Apache", bytes: 8_190, scope: "line" },
  { name: "gunicorn", bytes: 8_190, scope: "line" },
  { name: "Tomcat", bytes: 8_192, scope: "all" },
  { name: "Amazon API Gateway", bytes: 10_240, scope: "all" },
  { name: "HAProxy", bytes: 15_360, scope: "all" },
  { name: "AWS load balancers", bytes: 16_384, scope: "line" },
  { name: "IIS", bytes: 16_384, scope: "line" },
  { name: "Node", bytes: 16_384, scope: "all" },
  { name: "Bun", bytes: 16_384, scope: "all" },
  { name: "Kestrel", bytes: 32_768, scope: "all" },
  { name: "Deno", bytes: 65_536, scope: "all" },
];

/** What the request line and the other headers of a small request weigh. */
const others = 400;

/**
 * Lists those that refuse a token, by their defaults.
 *
 * @param length The length of the whole header line, or of the token, in bytes.
 * @returns Their names.
 */
export function listGatewaysBeyond(length: number): string[] {
  return headerLimits.filter(({ bytes, scope }) => length > (scope === "line" ? bytes : bytes - others))
    .map(({ name }) => name);
}

/** The length of the header line that carries a token. */
export function measureHeader(headerKey: string, tokenType: string, token: string): number {
  return `${headerKey}: ${tokenType} ${token}`.length;
}

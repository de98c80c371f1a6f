/** The part of better-auth that is used here; its own types need more packages than it does. */

export function betterAuth(options: object): { handler(request: Request): Promise<Response> };
export function memoryAdapter(database: Record<string, object[]>): object;
export function jwt(): object;
export function oauthProvider(options: object): object;

/** The servers: the demo's own, or the user's. @module */

export interface Target extends AsyncDisposable {
  /** Names the servers. */
  readonly title: string;
  /** Printed before the steps: names and values, in two columns. */
  readonly introduction: readonly (readonly [name: string, value: string])[];
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  readonly audience?: string;
  /** The API resource to call, where there is one. */
  readonly api?: URL;
  /** Controls that only the demo's own servers have. */
  readonly own?: {
    /** Makes the API reject every token issued so far. */
    revokeAll(): void;
  };
}

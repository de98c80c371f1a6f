/**
 * What the steps run against: the demo's own servers, or the user's.
 *
 * @module
 */

export interface Target extends AsyncDisposable {
  /** Whose servers these are, in a few words. */
  readonly title: string;
  /** Said of it before the steps begin: names and values, in two columns. */
  readonly introduction: readonly (readonly [name: string, value: string])[];
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  readonly audience?: string;
  /** The API resource to call, where there is one. */
  readonly api?: URL;
  /** What only servers of the demo's own can be told to do; absent with the user's. */
  readonly own?: {
    /** Makes the API refuse every token issued until now. */
    revokeAll(): void;
  };
}

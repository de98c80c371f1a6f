/** The part of pg that the tests use; the package has no types. */

declare class Pool {
  constructor(options: { host: string; user: string; max?: number });
  query(text: string, parameters: (string | number)[]): Promise<{ rows: unknown[] }>;
  on(event: "error", listener: (error: Error) => void): this;
  end(): Promise<void>;
}

declare const pg: { readonly Pool: typeof Pool };
export default pg;

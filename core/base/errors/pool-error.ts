import { CATALOGUE, type PoolErrorCode } from './catalogue.js';

/** An error with a code of the catalogue. `message` describes this case with its values. */
export class PoolError extends Error {
  override readonly name = 'PoolError';

  constructor(
    readonly code: PoolErrorCode,
    message: string,
    readonly detail: Readonly<Record<string, string>> = {},
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }

  /** True when repeating the same call can never help. */
  get final(): boolean {
    return CATALOGUE[this.code].final;
  }

  /** What the person who reads the error can do about it. */
  get help(): string {
    return CATALOGUE[this.code].help;
  }
}

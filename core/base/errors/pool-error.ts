import { CATALOGUE, type PoolErrorCode } from './catalogue.js';

/** An error with a code of the catalogue; `message` tells the case at hand with its values. */
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

  /** True when trying the same again cannot help. */
  get final(): boolean {
    return CATALOGUE[this.code].final;
  }

  /** What the reader can do about it. */
  get help(): string {
    return CATALOGUE[this.code].help;
  }
}

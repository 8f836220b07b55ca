/** Temporal has refused calls about some payouts; those about the others were made. */
export class SagasRefused extends Error {
  override readonly name = 'SagasRefused';

  constructor(
    message: string,
    /** Those for which nothing was done. */
    readonly payoutIds: readonly string[],
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/**
 * Every error that an operator or an API client can meet has a code. The catalogue says for each
 * whether trying again can help (`final`), which HTTP status it answers with, and what to do.
 * docs/operations.md has one entry per code; a test holds the two against each other.
 */
interface CatalogueEntry {
  readonly final: boolean;
  readonly http: number;
  readonly help: string;
}

export const CATALOGUE = {
  ADDRESS_MALFORMED: {
    final: true,
    http: 400,
    help: 'Give an address as 0x and 40 hex digits; with mixed case its EIP-55 checksum must be right.',
  },
  PAYEE_UNKNOWN: {
    final: true,
    http: 404,
    help: 'No remote worker with this address has ever been seen: check the address.',
  },
  PAYEE_UNPAYABLE: {
    final: true,
    http: 409,
    help: 'Its destination refused a transfer. Ask the payee to mend it, then `openpool payee release <address> --reason …`.',
  },
  PAYOUT_NOT_FOUND: { final: true, http: 404, help: 'List payouts with GET /v1/payouts.' },
  PAYOUT_NOTHING_DUE: {
    final: true,
    http: 409,
    help: 'Nothing is pending for this payee, or not enough for the threshold: pass belowThreshold to pay it all the same.',
  },
  PAYOUT_TOO_SOON: {
    final: true,
    http: 409,
    help: 'The minimum interval between two payouts of a payee has not passed: wait.',
  },
  PAYOUT_ALREADY_SIGNED: {
    final: true,
    http: 409,
    help: 'A signed payout only goes forward: it may already be on chain. Bump its fee if it is stuck.',
  },
  PAYOUT_ALREADY_CLOSED: { final: true, http: 409, help: 'It has ended; nothing is left to do.' },
  PAYOUT_NOT_SIGNED: {
    final: true,
    http: 409,
    help: 'There is no transaction to bump yet.',
  },
  PAYOUT_NOT_HELD: { final: true, http: 409, help: 'Only a held payout can be resumed.' },
  REASON_MISSING: {
    final: true,
    http: 400,
    help: 'Say why: the reason is kept in the audit log.',
  },
  WALLET_HALTED: {
    final: false,
    http: 409,
    help: 'Read why with `openpool wallet show`; when it is safe again: `openpool wallet resume --reason …`.',
  },
  WALLET_UNKNOWN: {
    final: false,
    http: 503,
    help: 'The worker opens the wallet when it starts: start one, and look at its log.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type PoolErrorCode = keyof typeof CATALOGUE;

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

/** The tokens that are accepted, in memory: a request must not cost a query, and a revoked token must end at once. */
import type { Reader } from '../db/database.js';
import { acceptedTokens, digestOf, type TokenRecord } from './store/tokens.js';

/** The list is read again when it is older than this, so a revoked token is worth nothing after that. */
const MAX_AGE_MS = 500;

export class AcceptedTokens {
  private tokens: ReadonlyMap<string, TokenRecord> = new Map();
  private readAtMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;

  constructor(
    private readonly db: Reader,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Finds the token; undefined when it is not accepted. Throws when Postgres cannot be asked and the list is too old:
   * nobody knows then whether the token still holds.
   */
  async find(token: string): Promise<TokenRecord | undefined> {
    if (this.now() - this.readAtMs > MAX_AGE_MS) {
      this.reading ??= this.read().finally(() => {
        this.reading = undefined;
      });
      await this.reading;
    }
    return this.tokens.get(digestOf(token).toString('hex'));
  }

  private async read(): Promise<void> {
    const askedMs = this.now();
    this.tokens = await acceptedTokens(this.db);
    this.readAtMs = askedMs;
  }
}

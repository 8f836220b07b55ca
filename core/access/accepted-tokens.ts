/** The tokens that are accepted, in memory: a request must not cost a query, and a revoked token must end at once. */
import type { Reader } from '../db/database.js';
import { acceptedTokens, digestOf, type TokenRecord } from './store/tokens.js';

/** The list is read again when it is older than this, so a revoked token is worth nothing after that. */
const MAX_AGE_MS = 500;
/** For a token that is not in the list it may be only this old: whoever has just made a token uses it at once. */
const MISS_AGE_MS = 50;

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
    const digest = digestOf(token).toString('hex');
    await this.readWhenOlderThan(MAX_AGE_MS);
    if (!this.tokens.has(digest)) await this.readWhenOlderThan(MISS_AGE_MS);
    return this.tokens.get(digest);
  }

  /**
   * Whether the token was accepted when the list was read last. The first call reads it: with an empty list every token
   * would be a guess. Throws when Postgres cannot be asked then.
   */
  async isListed(token: string): Promise<boolean> {
    await this.readWhenOlderThan(Number.MAX_VALUE);
    return this.tokens.has(digestOf(token).toString('hex'));
  }

  private async readWhenOlderThan(ageMs: number): Promise<void> {
    if (this.now() - this.readAtMs <= ageMs) return;
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    await this.reading;
  }

  private async read(): Promise<void> {
    const askedMs = this.now();
    this.tokens = await acceptedTokens(this.db);
    this.readAtMs = askedMs;
  }
}

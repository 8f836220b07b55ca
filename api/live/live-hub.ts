/**
 * Tells those who watch a page that it has changed. One loop per process asks Postgres, once a second and only while
 * somebody watches; how many watch changes nothing about how often it asks.
 */

import type { RunningPool } from '../../client/running-pool.js';
import { readStops } from '../../client/standing.js';
import type { Address } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { readPayeePulses, readPoolPulse } from '../../core/standing/store/pulse-reads.js';
import { Places } from '../answers/places.js';

/** What is watched: the pages of the pool as a whole, or one payee's page. */
export type Topic = 'pool' | Address;

/** Called with the topic's pulse: once it is known, and then whenever it is another one. Null: the hub is closed. */
export type Listener = (pulse: string | null) => void;

interface Watched {
  pulse: string | undefined;
  readonly listeners: Set<Listener>;
}

interface Options {
  /** How many ms lie between two looks at Postgres. @default 1000 */
  readonly everyMs?: number;
  /** How many may watch at the same time; browsers of others read their page without it. @default 200 */
  readonly mostListeners?: number;
}

/** How many may watch from one address at the same time: the tabs of a household. */
const MOST_FROM_ONE_ADDRESS = 20;
const BUSY = 'Too many watch already. The page can be read as before.';

export class LiveHub {
  private readonly topics = new Map<Topic, Watched>();
  private timer: NodeJS.Timeout | undefined;
  private isReading = false;
  private isClosed = false;
  private readonly places: Places;

  constructor(
    private readonly pool: RunningPool,
    private readonly options: Options = {},
  ) {
    const { mostListeners: most = 200 } = options;
    this.places = new Places({ most, mostEach: MOST_FROM_ONE_ADDRESS, words: BUSY });
  }

  /** Returns a function that ends the watch. Throws API_BUSY when too many watch already, in all or from this address. */
  watch(topic: Topic, listener: Listener, address = ''): () => void {
    if (this.isClosed) throw new PoolError('API_BUSY', 'The API stops.');
    const leave = this.places.take(address);
    const watched = this.topics.get(topic) ?? { pulse: undefined, listeners: new Set() };
    this.topics.set(topic, watched);
    watched.listeners.add(listener);
    if (watched.pulse !== undefined) listener(watched.pulse);
    this.wake(0);
    return () => {
      if (!watched.listeners.delete(listener)) return;
      leave();
      if (watched.listeners.size === 0) this.topics.delete(topic);
    };
  }

  /** Reads the pulse of one topic now. */
  async pulseOf(topic: Topic): Promise<string> {
    const found = await this.read([topic]);
    return found.get(topic) ?? '';
  }

  /** Ends all watches. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    for (const { listeners } of this.topics.values()) for (const tell of [...listeners]) tell(null);
  }

  private wake(inMs: number): void {
    if (this.isReading || this.isClosed || (this.timer !== undefined && inMs > 0)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, inMs);
    this.timer.unref();
  }

  private async look(): Promise<void> {
    if (this.topics.size === 0) return;
    this.isReading = true;
    try {
      const pulses = await this.read([...this.topics.keys()]);
      for (const [topic, pulse] of pulses) this.tell(topic, pulse);
    } catch {
      // Without Postgres nothing is known to have changed. Whoever reads the page sees what is wrong.
    } finally {
      this.isReading = false;
    }
    // A topic that came meanwhile is not kept waiting.
    const isNew = [...this.topics.values()].some(({ pulse }) => pulse === undefined);
    this.wake(isNew ? 50 : (this.options.everyMs ?? 1_000));
  }

  private tell(topic: Topic, pulse: string): void {
    const watched = this.topics.get(topic);
    if (watched === undefined || watched.pulse === pulse) return;
    watched.pulse = pulse;
    for (const listener of [...watched.listeners]) listener(pulse);
  }

  /** What stops the pool depends on the clock as well, and so it is no part of what Postgres sums up. */
  private async read(topics: readonly Topic[]): Promise<ReadonlyMap<Topic, string>> {
    const { db, config } = this.pool;
    const payees = topics.filter((topic) => topic !== 'pool');
    const [pool, ofPayees, stops] = await Promise.all([
      topics.includes('pool') ? readPoolPulse(db) : undefined,
      payees.length > 0 ? readPayeePulses(db, payees) : new Map<Address, string>(),
      findPayingWallet(db, config.chain.chainId).then((wallet) => readStops(this.pool, wallet)),
    ]);
    const all: [Topic, string][] = pool === undefined ? [] : [['pool', pool]];
    all.push(...ofPayees);
    const state = stops.map(({ code }) => code).join(' ');
    return new Map(all.map(([topic, pulse]) => [topic, `${pulse}${state && ' '}${state}`]));
  }
}

/** Looks every second, from before the storm until after it, and keeps every violation of safety that it has seen. */
import type pg from 'pg';
import { type ChainScan, createChainScan, type SeenTransaction } from './chain-scan.js';
import { lookAtLedger } from './ledger-look.js';
import { pause } from './rpc-weather.js';
import { judgeLiveness, judgeSafety, type LivenessFaults, type Sight } from './verdict.js';

export interface Oracle {
  /** Looks until the signal; each look that cannot be had, as while Postgres is away, is left out. */
  watch(signal: AbortSignal): Promise<void>;
  /** One more look: what it saw, and what would break L if the storm were over. */
  look(): Promise<Sight & { readonly liveness: LivenessFaults }>;
  /** Does something during which there is nothing to see: one database goes, another one comes. */
  blind(work: () => Promise<void>): Promise<void>;
  /** Asked by the endpoints about signed bytes on their way to the node. */
  witness(hashes: readonly string[]): Promise<void>;
  findings(): OracleFindings;
}

export interface OracleFindings {
  readonly doublePaid: readonly string[];
  readonly unrecorded: readonly string[];
  readonly unearned: readonly string[];
  readonly unproven: readonly string[];
  readonly looks: number;
  /** Looks that Postgres did not allow. */
  readonly blinded: number;
  /** Bytes whose row was seen in Postgres before the node got them. */
  readonly witnessed: number;
}

export interface OracleOptions {
  readonly pool: pg.Pool;
  readonly rpcUrl: string;
  readonly wallets: readonly string[];
  readonly foreignHashes: ReadonlySet<string>;
  readonly payees: readonly string[];
  /** Grows before anything is booked. */
  readonly earned: ReadonlyMap<string, bigint>;
}

const LOOK_EVERY_MS = 1_000;

export function createOracle(options: OracleOptions): Oracle {
  const scan: ChainScan = createChainScan(options.rpcUrl, options.wallets);
  const firstSeenMs = new Map<string, number>();
  const broken = {
    doublePaid: new Map<string, string>(),
    unrecorded: new Map<string, string>(),
    unearned: new Map<string, string>(),
    unproven: new Map<string, string>(),
  };
  const counts = { looks: 0, blinded: 0, witnessed: 0 };

  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other: each is of one moment, and of one database. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work, work);
    turn = done.catch(() => undefined);
    return done;
  }
  const look = () => inTurn(lookOnce);

  async function lookOnce(): Promise<Sight & { readonly liveness: LivenessFaults }> {
    const chain = await scan.read();
    noteFirstSeen(chain);
    const ledger = await lookAtLedger(options.pool);
    const { foreignHashes, payees, earned } = options;
    const sight = { chain, ledger, firstSeenMs, foreignHashes, payees, earned };
    const faults = judgeSafety(sight);
    for (const kind of ['doublePaid', 'unrecorded', 'unearned', 'unproven'] as const) {
      for (const { subject, words } of faults[kind]) broken[kind].set(subject, words);
    }
    counts.looks += 1;
    return { ...sight, liveness: judgeLiveness(sight) };
  }

  function noteFirstSeen(chain: readonly SeenTransaction[]): void {
    const now = Date.now();
    for (const { hash } of chain) if (!firstSeenMs.has(hash)) firstSeenMs.set(hash, now);
  }

  return {
    look,
    blind: inTurn,
    async watch(signal) {
      while (!signal.aborted) {
        try {
          await look();
        } catch {
          counts.blinded += 1;
        }
        await pause(LOOK_EVERY_MS, signal);
      }
    },
    async witness(hashes) {
      let known: ReadonlySet<string>;
      try {
        known = await recordedOf(options.pool, hashes);
      } catch {
        return;
      }
      for (const hash of hashes) {
        if (known.has(hash)) counts.witnessed += 1;
        else broken.unrecorded.set(hash, `${hash} was sent before its attempt row was there`);
      }
    },
    findings: () => ({
      doublePaid: [...broken.doublePaid.values()],
      unrecorded: [...broken.unrecorded.values()],
      unearned: [...broken.unearned.values()],
      unproven: [...broken.unproven.values()],
      ...counts,
    }),
  };
}

async function recordedOf(pool: pg.Pool, hashes: readonly string[]): Promise<ReadonlySet<string>> {
  const text = 'SELECT hash FROM attempt WHERE hash = ANY($1)';
  const { rows } = await pool.query<{ hash: string }>(text, [hashes]);
  return new Set(rows.map(({ hash }) => hash));
}

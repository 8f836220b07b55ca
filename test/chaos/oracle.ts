/** Checks safety every second, from before the storm until after it, and keeps every violation. */
import type pg from 'pg';
import { type ChainScan, createChainScan, type SeenTransaction } from './chain-scan.js';
import { lookAtLedger } from './ledger-look.js';
import { pause } from './rpc-weather.js';
import { judgeLiveness, judgeSafety, type LivenessFaults, type Sight } from './verdict.js';

export interface Oracle {
  /** Checks until the signal. While Postgres is away, checks are skipped. */
  watch(signal: AbortSignal): Promise<void>;
  /** Checks once more. Returns what it read, and what would break L if the storm were over. */
  look(): Promise<Sight & { readonly liveness: LivenessFaults }>;
  /** Runs the work and checks nothing meanwhile, because one database is replaced by another. */
  blind(work: () => Promise<void>): Promise<void>;
  /** Is called by the endpoints before they pass signed bytes to the node. */
  witness(hashes: readonly string[]): Promise<void>;
  findings(): OracleFindings;
}

export interface OracleFindings {
  readonly doublePaid: readonly string[];
  readonly unrecorded: readonly string[];
  readonly unearned: readonly string[];
  readonly unproven: readonly string[];
  readonly looks: number;
  /** Checks that were skipped because Postgres was away. */
  readonly blinded: number;
  /** Signed bytes whose row was found in Postgres before the node got them. */
  readonly witnessed: number;
}

export interface OracleOptions {
  readonly pool: pg.Pool;
  readonly rpcUrl: string;
  readonly wallets: readonly string[];
  readonly foreignHashes: ReadonlySet<string>;
  readonly payees: readonly string[];
  /** What each payee has earned; an amount is added here before it is booked. */
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
  /** Checks run one after the other, so each of them sees one moment of one database. */
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

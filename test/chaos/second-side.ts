/** The second pool from the harness's view: its payees, what they earn, and whether its ledger holds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { closeDatabase, openDatabase } from '../../core/db/database.js';
import type { Random } from '../../dev/kit/random.js';
import type { ChaosStack } from './chaos-stack.js';
import { earn, type Side } from './earnings.js';
import { createOracle } from './oracle.js';
import { plainPayees } from './payees.js';
import { changedSchedules, type PoolSchedules, readSchedules } from './pool-schedules.js';
import type { SecondPool } from './second-pool.js';
import { ownOf } from './verdict.js';

/** The result of the second pool: what is wrong, in words, and what it has paid. */
export interface SecondVerdict {
  readonly unsafe: readonly string[];
  readonly unfinished: readonly string[];
  readonly payouts: number;
  readonly transfers: number;
}

export interface SecondSide extends Side {
  readonly place: SecondPool;
  /** Starts to earn when the worker has made the tables. */
  earnWhenOpen(signal: AbortSignal): Promise<void>;
  judge(): Promise<SecondVerdict>;
}

const PAYEES = 9;
const OPEN_EVERY_MS = 500;

export async function addSecondSide(
  stack: ChaosStack,
  random: Random,
  say: (line: string) => void,
): Promise<SecondSide> {
  say('making a second pool in the same namespace …');
  const place = await stack.addPool();
  const { pool, wallet } = place;
  const payees = plainPayees(PAYEES, random);
  const earned = new Map<string, bigint>();
  const oracle = createOracle({
    pool,
    rpcUrl: stack.chain.rpcUrl,
    wallets: [wallet.address],
    payees,
    earned,
    foreignHashes: new Set(),
  });
  const name = 'the second pool';
  const side = {
    name,
    pool,
    payees,
    plain: payees,
    earned,
    oracle,
    random,
    booked: new Map(),
    crowd: [],
  };
  const address = stack.temporal.current.address;
  let poolId = '';
  let before: PoolSchedules = new Map();
  return {
    ...side,
    place,
    async earnWhenOpen(signal) {
      while (!signal.aborted && poolId === '') {
        await sleep(OPEN_EVERY_MS);
        try {
          poolId = await openedAs(place);
          before = await readSchedules(address, poolId);
        } catch {
          poolId = '';
        }
      }
      if (poolId !== '') await earn(side, signal);
    },
    async judge() {
      const sight = await oracle.look();
      const found = oracle.findings();
      const { liveness, ledger } = sight;
      const unsafe = [
        ...[...found.doublePaid, ...found.unrecorded, ...found.unearned, ...found.unproven],
        ...(await brokenIn(place.databaseUrl)),
        ...changedSchedules(poolId, before, await readSchedules(address, poolId)),
      ];
      const unfinished = [
        ...[...liveness.open, ...liveness.drift, ...ledger.haltCodes],
        ...(ownOf(sight).length === 0 ? ['it has paid nobody'] : []),
      ];
      const named = (words: string) => `${name}: ${words}`;
      return {
        unsafe: unsafe.map(named),
        unfinished: unfinished.map(named),
        payouts: ledger.payouts.size,
        transfers: ownOf(sight).filter(({ succeeded }) => succeeded).length,
      };
    },
  };
}

/** Throws before its worker was up for the first time. */
async function openedAs({ pool, hasBeenUp }: SecondPool): Promise<string> {
  if (!hasBeenUp()) throw new Error('it is not up yet');
  const { rows } = await pool.query<{ pool_id: string }>('SELECT pool_id FROM ledger');
  return rows[0]?.pool_id ?? '';
}

/** Returns the invariants of the ledger that are broken. */
export async function brokenIn(url: string): Promise<readonly string[]> {
  const db = openDatabase({ url, maxConnections: 1 });
  try {
    const findings = await checkInvariants(db);
    return findings.map(({ code, message }) => `${code}: ${message}`);
  } finally {
    await closeDatabase(db);
  }
}

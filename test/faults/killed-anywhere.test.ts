/**
 * A payer that is killed before and after every commit and every broadcast, each in a life of its own:
 * a real process, SIGKILL, and a second process that goes on from what is left.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Address } from '../../core/base/address.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { query } from '../../core/db/query.js';
import { startProcess } from '../../dev/kit/process.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import {
  CONTRACTS,
  credit,
  makeKeystore,
  randomAddress,
  recordTestTerms,
  setBalance,
} from '../harness/money.js';
import { type Effect, type Moment, wordsOf } from './kill-points.js';
import { livePayerLife, type PayerJob } from './payer-life.js';
import { judge, NOTHING_WRONG, ownTransactions, SAFE, safetyOf, type Verdict } from './verdict.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAYER = fileURLToPath(new URL('./killed-payer.ts', import.meta.url));
const ETH = 10n ** 18n;
const AMOUNT_WEI = 12_345_678_900_000_001n;
const PATIENCE_MS = 40_000;

/** Takes the money cheaply where nothing is paid for gas, as in an estimate; else needs 10 000 gas. */
const DEARER_THAN_ESTIMATED = `3a600557005b${'60206000a0'.repeat(16)}00`;

let chain: LocalChain;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0.1 });
});
afterAll(() => chain.stop());

interface Pool {
  readonly database: TestDatabase;
  readonly wallet: Address;
  readonly job: PayerJob;
}

/** Payees, a wallet that nobody has met yet, and a database of their own. */
async function createPool(habit: PayerJob['habit'], payees: readonly Address[]): Promise<Pool> {
  const database = await createTestDatabase(3);
  const { json, key } = await makeKeystore();
  const wallet = key.address.toLowerCase() as Address;
  await setBalance(chain, wallet, ETH);
  await recordTestTerms(database.db);
  for (const payee of payees) await credit(database.db, [AMOUNT_WEI], payee);
  const { rpcUrl, chainId } = chain;
  const job: PayerJob = {
    habit,
    databaseUrl: database.url,
    chain: { rpcUrl, chainId },
    keystore: json,
    roundIds: [randomUUID(), randomUUID()],
  };
  return { database, wallet, job };
}

async function createPayees(): Promise<readonly Address[]> {
  const [plain, other, refusing, dearer] = Array.from({ length: 4 }, randomAddress) as [
    Address,
    Address,
    Address,
    Address,
  ];
  await rpc(chain.rpcUrl, 'anvil_setCode', [refusing, `0x${CONTRACTS.refusing}`]);
  await rpc(chain.rpcUrl, 'anvil_setCode', [dearer, `0x${DEARER_THAN_ESTIMATED}`]);
  return [plain, other, refusing, dearer];
}

/** True when it died at this moment, false when it came to its end without meeting it. */
async function dieAt(moment: Moment, job: PayerJob): Promise<boolean> {
  const payer = startProcess({
    name: 'payer',
    command: process.execPath,
    args: ['--import', 'tsx', PAYER, JSON.stringify(job), JSON.stringify(moment)],
    cwd: ROOT,
  });
  const timer = setTimeout(() => payer.kill('SIGTERM'), PATIENCE_MS);
  const ended = await payer.ended;
  clearTimeout(timer);
  const wasMet = payer.tail().includes(`killed ${wordsOf(moment)}`);
  expect(ended, `${wordsOf(moment)}: ${payer.tail()}`).toBe(wasMet ? 'SIGKILL' : 0);
  return wasMet;
}

interface Story {
  readonly moment: Moment;
  readonly wasMet: boolean;
  readonly atEnd: Verdict;
}

/** One life that ends at this moment, and one that goes on from what is left. */
async function dieOnce(moment: Moment, pool: Pool): Promise<Story> {
  const { database, wallet, job } = pool;
  const wasMet = await dieAt(moment, job);
  const afterKill = await judge(chain, database.db, wallet);
  if (job.habit === 'real') expect(safetyOf(afterKill), wordsOf(moment)).toEqual(SAFE);
  if (wasMet) await goOn(job, `the life after one that ended ${wordsOf(moment)}`);
  const atEnd = await judge(chain, database.db, wallet);
  return { moment, wasMet, atEnd };
}

async function goOn(job: PayerJob, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} does not end`)), PATIENCE_MS);
  });
  await Promise.race([livePayerLife(job), tooLong]);
  clearTimeout(timer);
}

/** Every moment there is: before and after the first, the second, the third … of each effect. */
async function dieEverywhere(tell: (moment: Moment) => Promise<Story>): Promise<readonly Story[]> {
  const stories: Story[] = [];
  const queues = (['commit', 'broadcast'] as const).flatMap((effect) =>
    (['before', 'after'] as const).map(async (when) => {
      for (let n = 1; ; n += 1) {
        const story = await tell({ when, effect, n });
        if (!story.wasMet) return;
        stories.push(story);
      }
    }),
  );
  await Promise.all(queues);
  return stories;
}

const countOf = (stories: readonly Story[], when: Moment['when'], effect: Effect) =>
  stories.filter(({ moment }) => moment.when === when && moment.effect === effect).length;

async function expectEnded({ database: { db }, wallet }: Pool, words: string): Promise<void> {
  expect(await checkInvariants(db), words).toEqual([]);
  const states = await query<{ state: string; payouts: string }>(
    db,
    sql`SELECT state, count(*) AS payouts FROM payout GROUP BY state ORDER BY state`,
  );
  const counted = states.map(({ state, payouts }) => `${payouts} ${state}`);
  expect(counted, words).toEqual(['1 failed', '3 paid', '1 refused']);
  // One transfer that ran out of gas, one that was refused, three that were taken.
  expect(await ownTransactions(chain.rpcUrl, wallet), words).toHaveLength(5);
}

describe('a payer that is killed', () => {
  it('before and after every commit and every broadcast pays everybody once, from what is left', async () => {
    const stories = await dieEverywhere(async (moment) => {
      const pool = await createPool('real', await createPayees());
      const story = await dieOnce(moment, pool);
      await expectEnded(pool, wordsOf(moment));
      await pool.database.close();
      return story;
    });
    for (const { moment, atEnd } of stories) {
      expect(atEnd, wordsOf(moment)).toEqual(NOTHING_WRONG);
    }
    for (const when of ['before', 'after'] as const) {
      expect(countOf(stories, when, 'commit')).toBeGreaterThanOrEqual(8);
      expect(countOf(stories, when, 'broadcast')).toBeGreaterThanOrEqual(2);
    }
  }, 150_000);

  it('again and again, one step further in each life, pays everybody once', async () => {
    const pool = await createPool('real', await createPayees());
    let deaths = 0;
    for (let n = 1; ; n += 1) {
      const moment = { when: n % 2 === 0 ? 'before' : 'after', effect: 'commit', n } as const;
      if (!(await dieAt(moment, pool.job))) break;
      deaths += 1;
      const verdict = await judge(chain, pool.database.db, pool.wallet);
      expect(safetyOf(verdict), wordsOf(moment)).toEqual(SAFE);
    }
    expect(deaths).toBeGreaterThanOrEqual(5);
    expect(await judge(chain, pool.database.db, pool.wallet)).toEqual(NOTHING_WRONG);
    await expectEnded(pool, 'after many deaths');
    await pool.database.close();
  });
});

describe('the control: a payer with the chain and the books in two steps', () => {
  const dieAsNaive = async (habit: PayerJob['habit'], moment: Moment) => {
    const pool = await createPool(habit, [randomAddress()]);
    const story = await dieOnce(moment, pool);
    await pool.database.close();
    expect(story.wasMet).toBe(true);
    return story.atEnd;
  };

  it('pays twice when it is killed after a broadcast and records what it sent', async () => {
    const verdict = await dieAsNaive('sends first', { when: 'after', effect: 'broadcast', n: 1 });
    expect(verdict.doublePaid).toHaveLength(1);
    expect(verdict.unrecorded).toHaveLength(2);
  });

  it('loses a payout when it is killed before a broadcast and has recorded it', async () => {
    const verdict = await dieAsNaive('records first', {
      when: 'before',
      effect: 'broadcast',
      n: 1,
    });
    expect(verdict).toMatchObject({ doublePaid: [], open: [] });
    expect(verdict.drift).toHaveLength(1);
  });
});

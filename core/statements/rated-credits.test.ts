/** Jobs that were credited with a rate: what a statement and the credits of a payout say of them. */
import { expect, it } from 'vitest';
import { statementCsv } from '../../client/statements/statement.js';
import { ingestSaid, payeeOf, type Said } from '../../test/harness/event-world.js';
import { useHistory } from '../../test/harness/history-world.js';
import { readCsv, reserveAll } from '../../test/harness/statement-world.js';
import { addWallet } from '../../test/kit/test-pool.js';
import { transact } from '../db/transact.js';
import type { MetWorker } from '../events/store/ingest/rate-book.js';
import { recordRates } from '../terms/store/worker-rates.js';
import { statementParts } from './statement.js';
import { readCreditedJobs } from './store/credited-events.js';
import { readPayoutCredits } from './store/payout-credits.js';

const MARCH = Date.parse('2026-03-02T00:00:00Z');
const HOUR = 3_600_000;
const PAYEE = payeeOf(1);
const { world, rebuild, rowsOf } = useHistory();

const job = (id: number, atMs: number): Said => ({
  id,
  atMs,
  type: 'job-processed',
  fields: { ethAddress: PAYEE, fees: 1_000n },
});
const request = { requestID: 'r', pipeline: 'p', modelID: 'm' };
const processed: Said = {
  id: 90,
  atMs: MARCH + HOUR,
  type: 'job-processed',
  fields: { ...request, fees: 1_000n },
};
const received: Said = {
  id: 91,
  atMs: MARCH + HOUR - 60_000,
  type: 'job-received',
  fields: { ...request, ethAddress: PAYEE },
};

/** What a policy would do: 25 % from the beginning, the tier gold for the hour of the AI job, and then silver. */
const asked: MetWorker[] = [];
async function resolve(workers: readonly MetWorker[]): Promise<void> {
  asked.push(...workers);
  const steps = [
    [null, 2_500, 'default'],
    [new Date(MARCH + HOUR), 1_000, 'tier gold'],
    [new Date(MARCH + 2 * HOUR), 2_000, 'tier silver'],
  ] as const;
  const rates = workers.flatMap(({ payee, nodeType, region }) =>
    steps.map(([from, commissionBps, reason]) => ({
      payee,
      nodeType,
      region,
      from,
      commissionBps,
      reason,
      bonusBps: 0,
      policy: 'tiers',
      policyVersion: '1',
      optionsHash: 'h',
    })),
  );
  await transact(world.db, (tx) => recordRates(tx, rates));
}

it('stand on a line of their own with its reason, and each with the commission that was booked', async () => {
  await addWallet(world.db);
  const said = [job(1, MARCH), processed, job(2, MARCH + 2 * HOUR), job(3, MARCH + 3 * HOUR)];
  await ingestSaid(world.db, 'a', said, { batchSize: 2, resolveUnknown: resolve });
  await ingestSaid(world.db, 'a', [received], { batchSize: 2, resolveUnknown: resolve });
  expect(asked).toEqual([{ payee: PAYEE, nodeType: 'ai', region: 'eu', firstMs: MARCH }]);
  const parts = statementParts(world.db, { payee: PAYEE, period: { from: null, to: null } });
  const named = { from: undefined, to: undefined };
  let csv = '';
  const order = { payee: PAYEE, named, now: new Date(), shown: <T>(line: T) => line };
  for await (const text of statementCsv(parts, order)) csv += text;
  const lines = readCsv(csv).map((line) => [line.Rate, line['Change (wei)']]);
  expect(lines.slice(0, -1)).toEqual([
    ['default', '750'],
    ['tier gold', '900'],
    ['tier silver', '1600'],
  ]);
  const payoutId = (await reserveAll(world.db, PAYEE)) ?? '';
  const { lines: credits } = await readPayoutCredits(world.db, payoutId);
  const jobs = (await readCreditedJobs(world.db, credits)).flat();
  const told = jobs.map(({ eventId, netWei }) => `${eventId}: ${netWei}`).sort();
  expect(told).toEqual(['1: 750', '2: 800', '3: 800', '90: 900']);
  expect((await rebuild()).findings).toEqual([]);
});

it('are not made while their rates cannot be resolved: nothing is stored', async () => {
  const fails = () => Promise.reject(new Error('no database'));
  await expect(
    ingestSaid(world.db, 'a', [job(1, MARCH)], { batchSize: 2, resolveUnknown: fails }),
  ).rejects.toThrow('no database');
  expect(await rowsOf('SELECT event_id FROM pool_event')).toEqual([]);
});

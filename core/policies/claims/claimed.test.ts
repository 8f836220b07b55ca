/** Tests that claims come from the kept days and the dated terms alone, and are no part of what is owed. */
import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { ingestSaid } from '../../../test/harness/event-world.js';
import { useHistory } from '../../../test/harness/history-world.js';
import { owed } from '../../../test/harness/jobs.js';
import type { Address } from '../../base/address.js';
import { dayOf } from '../../payees/rules/earned-days.js';
import { type ClaimTerms, PLAIN_TERMS, toJson } from '../rules/pool-terms.js';
import { readClaims } from './claimed.js';

const { world, rebuild } = useHistory();
const ANN: Address = '0x00000000000000000000000000000000000000aa';
const BOB: Address = '0x00000000000000000000000000000000000000bb';
const LPT = { asset: 'LPT', decimals: 18, from: new Date('2026-03-02T00:00:00Z') };

const policyOf = (claims: readonly ClaimTerms[], module: string | null = null) => ({
  module,
  options: toJson({ ...PLAIN_TERMS, claims }),
  hash: JSON.stringify(claims.map(({ perEth }) => perEth)),
});

async function addVersion(from: string, policy: ReturnType<typeof policyOf>): Promise<void> {
  await world.db.execute(sql`
    INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms, rounding, policy)
    VALUES (${from}::timestamptz, 2500, 1, 0, 'commission-floor', ${JSON.stringify(policy)}::jsonb)`);
}

let lastId = 0;
async function work(payee: Address, at: string, fees: bigint): Promise<void> {
  lastId += 1;
  const fields = { ethAddress: payee, computeUnits: 1, fees };
  await ingestSaid(world.db, 'a', [
    { id: lastId, atMs: Date.parse(at), type: 'job-processed', fields },
  ]);
}

const shown = async () =>
  [...(await readClaims(world.db, [ANN, BOB]))].flatMap(([payee, claims]) =>
    claims.map(
      ({ asset, units, fromMs, toMs }) =>
        `${payee.slice(-2)} ${units} ${asset} ${dayOf(fromMs)}..${dayOf(toMs)}`,
    ),
  );

it('reads claims from days and dated terms, to the smallest unit, and a rebuild finds the same', async () => {
  await work(ANN, '2026-03-01T12:00:00Z', 400n);
  await work(ANN, '2026-03-02T00:00:00Z', 400n);
  await work(ANN, '2026-03-02T23:59:59.999Z', 41n);
  await work(ANN, '2026-03-03T12:00:00Z', 400n);
  await work(BOB, '2026-03-04T12:00:00Z', 40n);
  const before = await owed(world.db);
  expect(await shown()).toEqual([]);

  await addVersion('2026-03-01T09:00:00Z', policyOf([{ ...LPT, perEth: '0.5' }]));
  // In the course of the third: it holds from the fourth on.
  await addVersion('2026-03-03T00:00:00.001Z', policyOf([{ ...LPT, perEth: '2' }]));
  // 2 March: 300 + 31 wei net, halved and rounded down once; 3 March: 300 halved; 4 March: 30 doubled.
  const expected = ['aa 315 LPT 2026-03-02..2026-03-03', 'bb 60 LPT 2026-03-04..2026-03-04'];
  expect((await shown()).sort()).toEqual(expected);

  expect(await owed(world.db)).toEqual(before);

  // An adjustment is no job, and code in place of the built-in policy says nothing of claims.
  await world.db.execute(sql`
    UPDATE earning_day SET adjusted_wei = adjusted_wei + 1000 WHERE day = '2026-03-03'`);
  await addVersion('2026-03-05T00:00:00Z', policyOf([{ ...LPT, perEth: '7' }], './mine.js'));
  await work(ANN, '2026-03-06T12:00:00Z', 400n);
  expect((await shown()).sort()).toEqual(expected);

  // A job that comes late belongs to its own day and that day's terms.
  await work(BOB, '2026-03-02T01:00:00Z', 40n);
  const late = ['aa 315 LPT 2026-03-02..2026-03-03', 'bb 75 LPT 2026-03-02..2026-03-04'];
  expect((await shown()).sort()).toEqual(late);
  await rebuild({
    apply: { actor: 'test', reason: 'to see that it finds the same', allowDebt: false },
  });
  expect((await shown()).sort()).toEqual(late);
});

/** Tests that what the policy answers reaches each job to the wei, at the job's own time, and that a rebuild finds the same. */
import { describe, expect, it } from 'vitest';
import { ingestSaid } from '../../test/harness/event-world.js';
import { useHistory } from '../../test/harness/history-world.js';
import { owed } from '../../test/harness/jobs.js';
import type { Address } from '../base/address.js';
import { resolvePolicies, resolveUnknown } from './resolving.js';
import { PLAIN_TERMS, type PoolTerms, toJson } from './rules/pool-terms.js';

const { world, rebuild } = useHistory();
const ANN: Address = '0x00000000000000000000000000000000000000aa';
const BOB: Address = '0x00000000000000000000000000000000000000bb';
const CARL: Address = '0x00000000000000000000000000000000000000cc';
const FEE_WEI = 9_007_199_254_740_993n;
const BORDER_MS = Date.parse('2026-03-10T00:00:00Z');
const netAt = (bps: bigint) => FEE_WEI - (FEE_WEI * bps) / 10_000n;

const policy = (terms: Partial<PoolTerms>) => ({
  db: world.db,
  choiceOf: ({ commissionBps }: { readonly commissionBps: number }) => ({
    module: null,
    baseDir: '/',
    options: toJson({ ...PLAIN_TERMS, ...terms, defaults: { commissionBps } }),
  }),
  thresholdBounds: PLAIN_TERMS.thresholdBounds,
});
let lastId = 0;
async function takeIn(jobs: readonly (readonly [Address, number])[], terms: Partial<PoolTerms>) {
  const said = jobs.map(([ethAddress, atMs]) => {
    lastId += 1;
    const fields = { ethAddress, computeUnits: 7, fees: FEE_WEI };
    return { id: lastId, atMs, type: 'job-processed', fields };
  });
  await ingestSaid(world.db, 'a', said, {
    batchSize: 100,
    resolveUnknown: (workers) => resolveUnknown(policy(terms), workers),
  });
}

describe('the rates of jobs', () => {
  it('change at the border of a promotion to the millisecond, also for jobs that are read long after it, and a rebuild comes to the same wei', async () => {
    const spring = {
      name: 'spring',
      from: new Date('2026-03-01T00:00:00Z'),
      until: new Date(BORDER_MS),
      commissionBps: 1_000,
      for: 'all',
    };
    const terms = { promotions: [spring] };
    await takeIn([[ANN, BORDER_MS - 1]], terms);
    await takeIn([[ANN, BORDER_MS]], terms);
    // Whoever asks again afterwards changes nothing of what was.
    await resolvePolicies(policy(terms));
    await takeIn(
      [
        [ANN, BORDER_MS - 86_400_000],
        [BOB, BORDER_MS - 1],
        [BOB, BORDER_MS],
      ],
      terms,
    );
    const found = await owed(world.db);
    expect(found[ANN]).toBe(2n * netAt(1_000n) + netAt(2_500n));
    expect(found[BOB]).toBe(netAt(1_000n) + netAt(2_500n));
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  it('are what was negotiated with two payees, and the usual one for others', async () => {
    const workers = { [ANN]: { commissionBps: 500 }, [BOB]: { commissionBps: 0 } };
    const jobs = [ANN, BOB, CARL].map((payee) => [payee, BORDER_MS] as const);
    await takeIn(jobs, { workers });
    await resolvePolicies(policy({ workers }));
    expect(await owed(world.db)).toMatchObject({
      [ANN]: netAt(500n),
      [BOB]: FEE_WEI,
      [CARL]: netAt(2_500n),
    });
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });
});

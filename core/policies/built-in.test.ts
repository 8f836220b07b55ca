import { describe, expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../../test/harness/config-files.js';
import { readOptions } from '../plugins/options.js';
import { builtInPolicy } from './built-in.js';
import { toJson } from './rules/pool-terms.js';

const { load, problemsOf } = useConfigFiles();
const ANN = '0x52908400098527886E0F7030069857D2E4169EE7';
const TERMS = `pool:
  terms:
    tiers: [{ name: gold, fromJobs: 10000, within: 30d, commission: 15%, payoutThreshold: 0.01 ETH, badge: top }]
    workers: { "${ANN}": { commission: 10%, minPayoutInterval: 1d, nickname: Ann, tier: gold } }
    promotions: [{ name: spring, from: 2026-03-01T00:00:00Z, until: 2026-03-15T00:00:00Z, commission: 10%, for: [ "${ANN}" ] }]
    bonus: { share: 5%, budget: 1 ETH, until: 2026-06-01T00:00:00Z }
    admission: invited
    payout: { maxGasShare: 2%, latestAfter: 14d }
`;

const inPool = (terms: string) => BASE.replace('pool:\n', terms);

describe('the terms section', () => {
  it('reaches the built-in policy through JSON, exact to the wei and the millisecond', async () => {
    const { terms } = (await load(inPool(TERMS))).pool;
    const kept: unknown = JSON.parse(JSON.stringify(toJson(terms)));
    const { options } = builtInPolicy;
    if (options === undefined) throw new Error('the built-in policy has options');
    const given = { defaults: { commissionBps: 2_500 }, ...(kept as object) };
    expect(await readOptions(given, options)).toEqual({
      value: { ...terms, defaults: { commissionBps: 2_500 } },
    });
    expect(terms.workers[ANN.toLowerCase()]).toMatchObject({ commissionBps: 1_000, tier: 'gold' });
    expect(terms.tiers[0]).toMatchObject({ payoutThresholdWei: 10n ** 16n });
  });

  it('is refused where values do not go together, each at its place', async () => {
    const wrong = TERMS.replace('until: 2026-03-15', 'until: 2026-02-15')
      .replace('tier: gold }', 'tier: silver }')
      .replace('0.01 ETH', '2 ETH');
    expect((await problemsOf(inPool(wrong))).map(({ key }) => key).sort()).toEqual([
      'pool.terms.promotions[0].until',
      'pool.terms.tiers[0].payoutThreshold',
      `pool.terms.workers.${ANN.toLowerCase()}.tier`,
    ]);
    const named = TERMS.replace('nickname: Ann', 'nickname: "<b>Ann"');
    expect(await problemsOf(inPool(named))).toMatchObject([{ code: 'CONFIG_VALUE' }]);
  });
});

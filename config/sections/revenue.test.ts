/** Tests what a file may say of a revenue share. */
import { expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../../test/harness/config-files.js';

const { load } = useConfigFiles();
const OURS = '0x52908400098527886E0F7030069857D2E4169EE7';
const BROKER = '0xa8bB618B1520E284046F3dFc448851A1Ff26e41B';
const REVENUE = `revenue: { recipients: ["${OURS}"], ticketBroker: "${BROKER}" }\n`;
const SHARE = 'revenueShare: { share: 75%, every: 7d }';
const withTerms = (terms: string, pool = 'commission: 100%') =>
  `${BASE.replace('name: test', `name: test\n  ${pool}\n  terms: { ${terms} }`)}`;

it('takes a share with the accounts whose tickets are shared', async () => {
  const { pool, revenue } = await load(withTerms(SHARE) + REVENUE);
  expect(pool.terms.revenueShare).toEqual({ shareBps: 7_500, everyMs: 604_800_000 });
  expect(revenue).toEqual({
    recipients: [OURS.toLowerCase()],
    ticketBroker: BROKER.toLowerCase(),
  });
});

const policy = 'commission: 100%\n  policy: { module: ./mine.js }';
const promotion =
  'promotions: [{ name: a, from: 2026-03-01T00:00:00Z, until: 2026-03-02T00:00:00Z, commission: 1% }]';
it.each([
  ['without accounts', withTerms(SHARE), 'revenue.recipients'],
  ['with another commission', withTerms(SHARE, 'commission: 25%') + REVENUE, 'pool.commission'],
  ['with code in place of the data', withTerms(SHARE, policy) + REVENUE, 'pool.policy'],
  [
    'with a tier of its own commission',
    withTerms(`${SHARE}, tiers: [{ name: gold, fromJobs: 1, commission: 5% }]`) + REVENUE,
    'pool.terms.tiers[0].commission',
  ],
  [
    'with a negotiated commission',
    withTerms(`${SHARE}, workers: { "${OURS}": { commission: 5% } }`) + REVENUE,
    `pool.terms.workers.${OURS.toLowerCase()}.commission`,
  ],
  ['with a promotion', withTerms(`${SHARE}, ${promotion}`) + REVENUE, 'pool.terms.promotions[0]'],
  [
    'with a bonus',
    withTerms(`${SHARE}, bonus: { share: 1%, budget: 1 ETH }`) + REVENUE,
    'pool.terms.bonus',
  ],
  [
    'of no whole days',
    withTerms('revenueShare: { share: 75%, every: 36h }') + REVENUE,
    'pool.terms.revenueShare.every',
  ],
  ['of a broker alone', `${BASE}revenue: { ticketBroker: "${BROKER}" }\n`, 'revenue'],
])('refuses one %s, and names the key', async (_, text, key) => {
  await expect(load(text)).rejects.toMatchObject({ problems: [expect.objectContaining({ key })] });
});

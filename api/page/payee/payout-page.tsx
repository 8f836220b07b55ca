/** What is in one payout: the jobs that it settles, by day, pipeline and model, down to a file with each event. */
import type { Hono } from 'hono';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum } from '../../../core/chain/checksums.js';
import type { PayoutSummary } from '../../../core/payouts/store/reads/payout-reads.js';
import { type CreditSum, sumPayoutCredits } from '../../../core/statements/payout-contents.js';
import { publicModel, publicName } from '../../outside.js';
import { requirePayout } from '../../routes/payouts.js';
import { Layout, SearchBox } from '../kit/layout.js';
import { groupDigits, shortHex } from '../kit/numbers.js';
import { Eth, type Html, TableSection } from '../kit/parts.js';

export function payoutPageRoutes(app: Hono, pool: RunningPool): void {
  app.get('/payees/:address/payouts/:id', async (c) => {
    const payee = parseAddress(c.req.param('address'));
    const payout = await requirePayout(pool, c.req.param('id'));
    if (payout.payee !== payee) {
      throw new PoolError('PAYOUT_NOT_FOUND', 'This payee has no payout with this id.');
    }
    const by = ['day', 'pipeline', 'model'] as const;
    const contents = await sumPayoutCredits(pool.db, payout.id, { by });
    return c.html(<PayoutPage pool={pool} payout={payout} contents={contents} />);
  });
}

interface PayoutPageProps {
  readonly pool: RunningPool;
  readonly payout: PayoutSummary;
  readonly contents: Awaited<ReturnType<typeof sumPayoutCredits>>;
}

function PayoutPage({ pool, payout, contents }: PayoutPageProps): Html {
  const { config, version } = pool;
  const payee = toChecksum(payout.payee);
  const credits = `/v1/payouts/${payout.id}/credits`;
  return (
    <Layout
      config={config}
      version={version}
      now={nowOf(pool)}
      title={`What is in a payout: ${config.pool.name}`}
      aside={<SearchBox />}
      json={`${credits}?by=day,pipeline,model`}
    >
      <section class="who">
        <div class="head">
          <h2>
            What is in a payout of <Eth wei={payout.amountWei} /> ETH
          </h2>
          <p>
            To <a href={`/payees/${payee}`}>{shortHex(payee)}</a>. Each job by itself:{' '}
            <a href={`${credits}?format=csv`}>as a CSV file</a>, <a href={credits}>as JSON</a>.
          </p>
        </div>
      </section>
      <TableSection
        isWide
        title="The jobs that it settles"
        note={
          contents.isReturned
            ? 'This payout ended unpaid: a later one settles all of this.'
            : 'These lines add up to the payout, to the wei.'
        }
        columns={[
          'Day',
          'Pipeline',
          'Model',
          '#Jobs',
          '#Fees ETH',
          "#Pool's share ETH",
          '#Yours ETH',
        ]}
        rows={[...contents.sums.map((sum) => <SumRow sum={sum} />), <TotalRow payout={payout} />]}
        empty=""
      />
    </Layout>
  );
}

const KINDS: Readonly<Partial<Record<CreditSum['kind'], string>>> = {
  assign: 'jobs that the pool assigned to you',
  adjust: 'an adjustment by the pool',
  correct: 'a correction by the pool',
  adopt: 'a payment that was made outside of this pool',
  missing: 'carried over from before this was kept',
};

function SumRow({ sum }: { readonly sum: CreditSum }): Html {
  const { day, pipeline, modelId, jobs, grossWei, commissionWei, amountWei, isJob } = sum;
  const words = KINDS[sum.kind];
  const archived = 'jobs whose details are archived';
  return (
    <tr>
      <td data-label="Day">{day ?? words ?? archived}</td>
      <td data-label="Pipeline">{nameOf(pipeline, publicName)}</td>
      <td data-label="Model">{nameOf(modelId, publicModel)}</td>
      <td data-label="Jobs" class="num">
        {isJob && jobs !== null && groupDigits(String(jobs))}
      </td>
      <td data-label="Fees ETH" class="num">
        {grossWei !== null && <Eth wei={grossWei} />}
      </td>
      <td data-label="Pool's share ETH" class="num">
        {commissionWei !== null && <Eth wei={commissionWei} />}
      </td>
      <td data-label="Yours ETH" class="num">
        <Eth wei={amountWei} />
      </td>
    </tr>
  );
}

/** Names come from outside, so those that are unusual are not shown to everybody. */
const nameOf = (name: string | null, toPublic: (name: string) => string | null): string =>
  name === null ? '' : (toPublic(name) ?? 'another one');

const TotalRow = ({ payout }: { readonly payout: PayoutSummary }): Html => (
  <tr>
    <td>
      <b>The payout</b>
    </td>
    <td />
    <td />
    <td />
    <td />
    <td />
    <td data-label="The payout, ETH" class="num">
      <Eth wei={payout.amountWei} />
    </td>
  </tr>
);

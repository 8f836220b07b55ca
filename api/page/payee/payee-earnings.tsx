/** What a payee earned over time, by what, and when it was there. */
import { toChecksum } from '../../../core/chain/checksums.js';
import type { EarnedPart } from '../../../core/payees/store/earned-days.js';
import { publicModel, publicName, publicRegion } from '../../outside.js';
import { EarnedChart } from '../charts/earned-chart.js';
import { PresenceStrip } from '../charts/presence-strip.js';
import { SpanTabs } from '../charts/spans.js';
import { Eth, type Html, JobsTable, Section } from '../kit/parts.js';
import type { PayeeStatus } from './payee-status.js';

interface StatusProps {
  readonly status: PayeeStatus;
}

export function EarnedOverTime({ status }: StatusProps): Html {
  const { payee, earnings, span } = status;
  const { total, days, nodeTypes, regions, pipelines, models } = earnings;
  const path = `/payees/${toChecksum(payee.address)}`;
  return (
    <section>
      <div class="head">
        <h2>Earned over time</h2>
        <p>
          <Eth wei={total.netWei} /> ETH in {span} days
        </p>
        <SpanTabs path={path} chosen={span} />
      </div>
      <div class="body">
        <p class="dim">
          Fees of <Eth wei={total.grossWei} /> ETH − the pool's share of{' '}
          <Eth wei={total.commissionWei} /> ETH
          {total.adjustedWei !== 0n && (
            <>
              {' '}
              + corrections of <Eth wei={total.adjustedWei} /> ETH
            </>
          )}{' '}
          = <Eth wei={total.netWei} /> ETH.
        </p>
        <EarnedChart days={days} totalWei={total.netWei} />
        <details>
          <summary>By region, kind of work, pipeline and model</summary>
          <Parts title="Region" parts={regions} nameOf={publicRegion} />
          <Parts title="Kind of work" parts={nodeTypes} nameOf={(name) => name} />
          <Parts title="Pipeline" parts={pipelines} nameOf={publicName} />
          <Parts title="Model" parts={models} nameOf={publicModel} />
        </details>
      </div>
    </section>
  );
}

interface PartsProps {
  readonly title: string;
  readonly parts: readonly EarnedPart[];
  /** Returns the name if it may be shown: names come from outside. */
  readonly nameOf: (name: string) => string | null;
}

function Parts({ title, parts, nameOf }: PartsProps): Html | null {
  if (parts.length === 0) return null;
  const named = (name: string) => (name === '' ? 'not named' : (nameOf(name) ?? 'another one'));
  return (
    <JobsTable title={title} rows={parts.map((part) => ({ ...part, name: named(part.name) }))} />
  );
}

export const OwnPresence = ({ status: { presence } }: StatusProps): Html => (
  <Section title="Were you there?" note="the last ninety days, in UTC">
    <div class="body">
      <PresenceStrip days={presence} />
    </div>
  </Section>
);

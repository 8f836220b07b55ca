/** The sections of the front page. */

import { duration } from '../../../core/base/duration.js';
import { sumWei } from '../../../core/base/money.js';
import { coverWords } from '../../../core/standing/rules/solvency.js';
import { publicRegion } from '../../outside.js';
import { PoolChart } from '../charts/pool-chart.js';
import { SpanTabs } from '../charts/spans.js';
import { counted, groupDigits } from '../kit/numbers.js';
import { Ago, At, Eth, type Html, PayeeLink, TableSection } from '../kit/parts.js';
import type { FrontStatus } from './front-status.js';

interface StatusProps {
  readonly status: FrontStatus;
}

/** The terms in one breath, with the way to all of them. */
export function Offer({ status: { terms, config, nextRoundAt, now } }: StatusProps): Html {
  if (terms === undefined) return <p>The pool has not recorded its terms yet.</p>;
  const leftMs = (nextRoundAt?.getTime() ?? 0) - now.getTime();
  return (
    <p>
      The pool keeps {terms.commissionBps / 100} % and pays the rest once{' '}
      <Eth wei={terms.thresholdWei} /> ETH are pending for you. A payout round runs every{' '}
      {duration(config.pool.payoutIntervalMs)}
      {nextRoundAt !== null && (
        <>
          ; the next one is due {leftMs > 0 ? `in ${duration(leftMs)}` : 'any moment now'} (
          <At at={nextRoundAt} />)
        </>
      )}
      . <a href="/terms">All terms</a>
    </p>
  );
}

/** What all workers together have earned, as a sum that the reader can add up. */
export function Figures({ status: { totals, cover } }: StatusProps): Html {
  const { paidWei, reservedWei, pendingWei } = totals;
  const parts = [
    { name: 'Paid', wei: paidWei, colour: 'c-paid', sign: '' },
    { name: 'On the way', wei: reservedWei, colour: 'c-way', sign: '+' },
    { name: 'Pending', wei: pendingWei, colour: 'c-wait', sign: '+' },
    { name: 'Earned by workers', wei: paidWei + reservedWei + pendingWei, colour: '', sign: '=' },
  ];
  return (
    <section>
      <dl class="totals sum">
        {parts.map(({ name, wei, colour, sign }) => (
          <div>
            <dt>
              {sign !== '' && <b aria-hidden="true">{sign}</b>}
              {colour !== '' && <i class={colour} />}
              {name}
            </dt>
            <dd>
              <Eth wei={wei} /> <small>ETH</small>
            </dd>
          </div>
        ))}
      </dl>
      <div class="share">
        <p>
          {groupDigits(String(totals.workersOnline))} of {counted(totals.workers, 'worker')} of{' '}
          {counted(totals.payees, 'owner')} are online. {coverWords(cover)}
        </p>
      </div>
    </section>
  );
}

export function EarnedByAll({ status: { days, span } }: StatusProps): Html {
  const earnedWei = sumWei(days.map(({ netWei }) => netWei));
  const paidWei = sumWei(days.map((day) => day.paidWei));
  return (
    <section>
      <div class="head">
        <h2>Earned by all workers, and paid</h2>
        <p>
          <Eth wei={earnedWei} /> ETH earned and <Eth wei={paidWei} /> ETH paid in {span} days
        </p>
        <SpanTabs path="/" chosen={span} />
      </div>
      <div class="body">
        <PoolChart days={days} />
      </div>
    </section>
  );
}

const TYPES = [
  { nodeType: 'ai', name: 'AI' },
  { nodeType: 'transcode', name: 'Transcoding' },
] as const;

/** Regions, whose names come from outside; those that are not public are added up. */
function regionsOf({ places }: FrontStatus) {
  const regions = new Map<string, FrontStatus['places'][number][]>();
  for (const place of places) {
    const name = publicRegion(place.region);
    regions.set(name, [...(regions.get(name) ?? []), place]);
  }
  return [...regions].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function Places({ status }: StatusProps): Html {
  return (
    <TableSection
      title="Workers online"
      note="by region and kind of work"
      columns={['Region', ...TYPES.map(({ name }) => `#${name}`)]}
      rows={regionsOf(status).map(([region, places]) => (
        <tr>
          <th scope="row">{region}</th>
          {TYPES.map(({ nodeType }) => {
            const here = places.filter((place) => place.nodeType === nodeType);
            const workers = here.reduce((sum, place) => sum + place.workers, 0);
            const online = here.reduce((sum, place) => sum + place.online, 0);
            return (
              <td class="num">
                {workers === 0 ? <span class="dim">none</span> : `${online} of ${workers}`}
              </td>
            );
          })}
        </tr>
      ))}
      empty="No worker has connected yet."
    />
  );
}

export function Rounds({ status: { rounds, now } }: StatusProps): Html {
  return (
    <TableSection
      title="Last payout rounds"
      columns={['When', '#Payouts', '#ETH']}
      rows={rounds.map(({ startedAt, payouts, reservedWei }) => (
        <tr>
          <th scope="row">
            <Ago at={startedAt} now={now} />
          </th>
          <td class="num">{payouts === 0 ? <span class="dim">none due</span> : payouts}</td>
          <td class="num">
            <Eth wei={reservedWei} />
          </td>
        </tr>
      ))}
      empty="No payout round has run yet."
    />
  );
}

/** Who earned most, if the operator shows it. */
export function Leaders({ status: { leaders } }: StatusProps): Html | null {
  if (leaders === null) return null;
  return (
    <TableSection
      title="Who has earned most"
      note="since the pool began"
      columns={['#', 'Owner', '#Earned ETH']}
      rows={leaders.map(({ payee, earnedWei, nickname }, index) => (
        <tr>
          <td class="num rank">{index + 1}</td>
          <th scope="row">
            <PayeeLink address={payee} /> {nickname}
          </th>
          <td class="num">
            <Eth wei={earnedWei} />
          </td>
        </tr>
      ))}
      empty="Nobody has earned anything yet."
    />
  );
}

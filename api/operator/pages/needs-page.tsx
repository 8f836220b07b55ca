/** The operator's first page: what needs a hand, by money and age. */
import type { RunningPool } from '../../../client/running-pool.js';
import { duration } from '../../../core/base/duration.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import type { RankedNeed } from '../../../core/standing/rules/needs.js';
import type { Runway } from '../../../core/standing/rules/needs-of-payouts.js';
import { shortEth } from '../../page/kit/numbers.js';
import { Eth, type Html, Pill, Section } from '../../page/kit/parts.js';
import { ActionButton, Frame } from '../frame.js';
import type { PoolNeeds } from '../needs.js';
import type { Signed } from '../session.js';

interface NeedsPageProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly found: PoolNeeds;
}

export function NeedsPage({ pool, signed, found }: NeedsPageProps): Html {
  const { needs, runway, at } = found;
  return (
    <Frame
      pool={pool}
      signed={signed}
      title="What needs a hand"
      path="/operator"
      json="/v1/operator/needs"
    >
      <Section
        title="What needs a hand"
        note={needs.length === 0 ? '' : 'by the money that waits, times how long'}
      >
        {needs.length === 0 ? (
          <p class="empty">Nothing: the pool runs by itself.</p>
        ) : (
          <ol class="needs">
            {needs.map((need) => (
              <NeedRow need={need} signed={signed} now={at} />
            ))}
          </ol>
        )}
      </Section>
      <Section title="Pause" note={runwayWords(runway)}>
        <div class="ask">
          <ActionButton signed={signed} name="wallet.halt" subject="wallet" />
          <ActionButton signed={signed} name="sync.pause" subject="sync" />
        </div>
      </Section>
    </Frame>
  );
}

interface NeedRowProps {
  readonly need: RankedNeed;
  readonly signed: Signed;
  readonly now: Date;
}

function NeedRow({ need, signed, now }: NeedRowProps): Html {
  const title = withChecksums(need.title);
  return (
    <li>
      <h3>
        <Titled need={need} title={title} />
      </h3>
      <p>{withChecksums(need.words)}</p>
      <p>
        <b>What is safe:</b> {withChecksums(need.safe)}
      </p>
      <p class="facts">
        <Pill tone={need.isGrave ? 'bad' : 'warn'}>{need.code}</Pill>
        <span>
          {need.atStakeWei === null ? (
            'amount not known'
          ) : (
            <>
              <Eth wei={need.atStakeWei} /> ETH
            </>
          )}
        </span>
        <Waiting need={need} now={now} />
      </p>
      <div>
        {need.actions.map((name, index) => (
          <ActionButton
            signed={signed}
            name={name}
            subject={need.subject}
            of={title}
            isFirst={index === 0}
          />
        ))}
      </div>
    </li>
  );
}

/** The title, which leads to the page of what it is about, if there is one. */
function Titled({ need, title }: Pick<NeedRowProps, 'need'> & { readonly title: string }): Html {
  const { kind, subject } = need;
  if (kind === 'payout') return <a href={`/operator/payouts/${subject}`}>{title}</a>;
  if (kind === 'payee') return <a href={`/payees/${withChecksums(subject)}`}>{title}</a>;
  return <>{title}</>;
}

/** How long a need waits. What stops the pool says so itself. */
function Waiting({ need: { kind, since }, now }: Pick<NeedRowProps, 'need' | 'now'>): Html | null {
  if (kind === 'stop') return null;
  const iso = since.toISOString();
  return (
    <time datetime={iso} title={iso}>
      for {duration(Math.max(now.getTime() - since.getTime(), 0))}
    </time>
  );
}

function runwayWords({ freeWei, perDayWei, days }: Runway): string {
  if (freeWei === null) return 'the wallet’s balance was not read yet';
  const has = `the wallet has ${shortEth(freeWei)} ETH to spend`;
  if (days === null) return `${has}; nothing was paid in the last seven days`;
  return `${has} and pays ${shortEth(perDayWei)} ETH a day: it lasts ${days.toFixed(1)} days`;
}

/** Shows where the pool's fees went. */
import { permille } from '../kit/numbers.js';
import { Ago, Eth, type Html } from '../kit/parts.js';
import type { PoolStatus } from './pool-status.js';

interface Share {
  readonly name: string;
  readonly wei: bigint;
  readonly colour: string;
}

export function Totals({ status }: { readonly status: PoolStatus }): Html {
  const { totals, terms, wallet, now } = status;
  const balance = wallet?.balance ?? null;
  const shares: readonly Share[] = [
    { name: 'Paid out', wei: totals.paidWei, colour: 'c-paid' },
    { name: 'Reserved', wei: totals.reservedWei, colour: 'c-way' },
    { name: 'Pending', wei: totals.pendingWei, colour: 'c-wait' },
    { name: 'Commission', wei: totals.commissionWei, colour: 'c-fee' },
    { name: 'Unattributed', wei: totals.unattributedWei, colour: 'c-lost' },
  ];
  return (
    <section>
      <dl class="totals">
        {shares.map(({ name, wei, colour }) => (
          <div>
            <dt>
              <i class={colour} />
              {name}
            </dt>
            <dd>
              <Eth wei={wei} /> <small>ETH</small>
            </dd>
          </div>
        ))}
      </dl>
      <div class="share">
        <ShareBar shares={shares} />
        <p>
          Of <Eth wei={totals.grossWei} /> ETH that the pool's jobs earned. <Terms terms={terms} />
          {balance !== null && (
            <>
              {' '}
              The wallet held <Eth wei={balance.wei} /> ETH <Ago at={balance.at} now={now} />.
            </>
          )}
        </p>
      </div>
    </section>
  );
}

function Terms({ terms }: Pick<PoolStatus, 'terms'>): Html {
  if (terms === undefined) return <>No worker has recorded the pool's terms yet.</>;
  const { commissionBps, thresholdWei } = terms;
  return (
    <>
      The pool keeps {commissionBps / 100} %; the rest is paid once <Eth wei={thresholdWei} /> ETH
      are pending for a payee.
    </>
  );
}

/** Draws the shares as one bar. Widths are attributes, because the page's content policy allows no inline style. */
function ShareBar({ shares }: { readonly shares: readonly Share[] }): Html {
  const whole = shares.reduce((sum, { wei }) => sum + (wei > 0n ? wei : 0n), 0n);
  let x = 0;
  const bars = shares.map(({ name, wei, colour }) => {
    // Even the smallest share is wide enough to be seen.
    const width = wei > 0n ? Math.max(3, permille(wei, whole)) : 0;
    const bar = (
      <rect class={colour} x={x} width={width} height="10">
        <title>{`${name}: ${permille(wei, whole) / 10} %`}</title>
      </rect>
    );
    x += width;
    return bar;
  });
  return (
    <svg
      viewBox={`0 0 ${Math.max(1, x)} 10`}
      preserveAspectRatio="none"
      role="img"
      aria-label="Shares of all fees"
    >
      {bars}
    </svg>
  );
}

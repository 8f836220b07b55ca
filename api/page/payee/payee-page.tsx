/** A payee's own page: what it earned, when it is paid, and if not, why. It speaks to somebody who owns a GPU. */
import type { Context, Hono } from 'hono';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import type { Address } from '../../../core/base/address.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum } from '../../../core/chain/checksums.js';
import { spanOf } from '../charts/spans.js';
import { Layout, SearchBox } from '../kit/layout.js';
import { shortHex } from '../kit/numbers.js';
import { At, type Html, Notice, Outside, Pill, type Tone } from '../kit/parts.js';
import { OwnClaims } from './payee-claims.js';
import { EarnedOverTime, OwnPresence } from './payee-earnings.js';
import { OwnStates } from './payee-guard.js';
import { Earnings, OwnPayouts, OwnWorkers, WhySection } from './payee-sections.js';
import {
  type PayeeStatus,
  type PayeeVerdict,
  readPayeeStatus,
  shownVerdict,
} from './payee-status.js';

export function payeePageRoutes(app: Hono, pool: RunningPool): void {
  app.get('/payees', (c) => {
    const given = (c.req.query('address') ?? '').trim();
    try {
      return c.redirect(`/payees/${toChecksum(parseAddress(given))}`, 303);
    } catch (error) {
      return refused(c, pool, { error, given, status: 400 });
    }
  });
  app.get('/payees/:address', async (c) => {
    const given = c.req.param('address');
    let address: Address;
    try {
      address = parseAddress(given);
    } catch (error) {
      return refused(c, pool, { error, given, status: 400 });
    }
    const status = await readPayeeStatus(pool, address, spanOf(c.req.query('days')));
    if (status !== undefined) return c.html(<PayeePage status={status} />);
    const words = `${toChecksum(address)} has not worked for this pool yet, or the pool has not seen it.`;
    const error = new PoolError('PAYEE_UNKNOWN', words);
    return refused(c, pool, { error, given, status: 404 });
  });
}

const PILLS = {
  pays: ['paid by the next round', 'good'],
  waits: ['promised by the next round, then it waits', 'warn'],
  'not-due': ['not due yet', 'mute'],
  'kept-by-pool': ['not paid until the pool acts', 'bad'],
  'kept-by-you': ['not paid until you act', 'warn'],
  stopped: ['the pool pays nobody right now', 'bad'],
  'under-way': ['a payout is on its way', 'info'],
  'held-up': ['a payout is held up', 'warn'],
} as const satisfies Readonly<Record<PayeeVerdict, readonly [string, Tone]>>;

function PayeePage({ status }: { readonly status: PayeeStatus }): Html {
  const { config, version, now, payee, why, links } = status;
  const address = toChecksum(payee.address);
  const [words, tone] = PILLS[shownVerdict(why)];
  const explorerUrl = links.address(address);
  return (
    <Layout
      config={config}
      version={version}
      now={now}
      title={`${shortHex(address)}: ${config.pool.name}`}
      aside={<SearchBox />}
      json={`/v1/payees/${address}`}
      live={{ payee: address }}
    >
      <section class="who">
        <div class="head">
          <h2 class="mono">{address}</h2>
          <Shown look={status.look} />
          <p>
            <Pill tone={tone}>{words}</Pill>{' '}
            {explorerUrl !== null && <Outside url={explorerUrl}>see it in an explorer</Outside>}
          </p>
          <p>
            Everything since the beginning, for your books:{' '}
            <a href={`/v1/payees/${address}/statement?format=csv`}>statement as CSV</a>,{' '}
            <a href={`/v1/payees/${address}/statement?format=json`}>as JSON</a>
          </p>
          <p>
            Threshold, pause, nickname, another address:{' '}
            <a href={`/payees/${address}/wishes`}>decide yourself</a>
          </p>
        </div>
      </section>
      <PaidElsewhere status={status} />
      <Earnings status={status} />
      <WhySection status={status} />
      <OwnPayouts status={status} />
      <EarnedOverTime status={status} />
      <OwnClaims status={status} />
      <OwnWorkers status={status} />
      <OwnStates status={status} />
      <OwnPresence status={status} />
    </Layout>
  );
}

/** Shows nickname, tier and badge, as far as the pool's policy gives them. */
function Shown({ look }: Pick<PayeeStatus, 'look'>): Html | null {
  const { nickname = null, tier = null, badge = null } = look ?? {};
  if (nickname === null && tier === null && badge === null) return null;
  return (
    <p>
      {nickname !== null && <strong>{nickname}</strong>}{' '}
      {tier !== null && <Pill tone="info">{`tier ${tier}`}</Pill>}{' '}
      {badge !== null && <Pill tone="good">{badge}</Pill>}
    </p>
  );
}

/** Says where the payee is paid when that is, or is to become, another address than its own. */
function PaidElsewhere({ status: { payee, own } }: { readonly status: PayeeStatus }): Html | null {
  const { pending, destination } = own;
  const revoke = `/payees/${toChecksum(payee.address)}/wishes?kind=revoke-destination`;
  if (pending !== null) {
    return (
      <Notice tone="warn" title="You asked to be paid at another address">
        <p>
          {toChecksum(pending.destination)}
          {pending.effectiveAt !== null && (
            <>
              {' '}
              from <At at={pending.effectiveAt} /> on
            </>
          )}
          . Was that not you? <a href={revoke}>Revoke it</a> before then.
        </p>
      </Notice>
    );
  }
  if (destination === payee.address) return null;
  return (
    <Notice tone="good" title="You are paid at another address">
      <p>{toChecksum(destination)}, as you signed.</p>
    </Notice>
  );
}

interface Refused {
  readonly error: unknown;
  readonly given: string;
  readonly status: 400 | 404;
}

/** Says on a page of its own what is wrong with the address, with the box to try again. */
function refused(c: Context, pool: RunningPool, { error, given, status }: Refused) {
  if (!(error instanceof PoolError)) throw error;
  const { config, version } = pool;
  const page = (
    <Layout
      config={config}
      version={version}
      now={nowOf(pool)}
      title={`Who is that? ${config.pool.name}`}
      json="/v1/payees"
    >
      <section class="ask">
        <div class="head">
          <h2>{error.message}</h2>
          <p>
            Copy the address from your wallet or your worker's settings: it begins with 0x and has
            42 characters.
          </p>
        </div>
        <SearchBox given={given} />
      </section>
    </Layout>
  );
  return c.html(page, status);
}

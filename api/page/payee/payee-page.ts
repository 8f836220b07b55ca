/** A payee's own page: what it earned, when it is paid, and if not, why. It speaks to somebody who owns a GPU. */
import type { Context, Hono } from 'hono';
import { html } from 'hono/html';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import type { PayeeWhy } from '../../../client/why.js';
import type { Address } from '../../../core/base/address.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum } from '../../../core/chain/checksums.js';
import type { PayeeSummary } from '../../../core/payees/store/payee-reads.js';
import { layout, searchBox } from '../layout.js';
import { type Html, outside, pill, shortHex } from '../parts.js';
import { earningsSection, ownPayouts, ownWorkers, whySection } from './payee-sections.js';
import { type PayeeStatus, readPayeeStatus } from './payee-status.js';

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
    const status = await readPayeeStatus(pool, address);
    if (status !== undefined) return c.html(payeePage(status));
    const words = `${toChecksum(address)} has not worked for this pool yet, or the pool has not seen it.`;
    const error = new PoolError('PAYEE_UNKNOWN', words);
    return refused(c, pool, { error, given, status: 404 });
  });
}

function payeePage(status: PayeeStatus): Html {
  const { config, version, now, payee, why } = status;
  const address = toChecksum(payee.address);
  return layout({
    config,
    version,
    now,
    title: `${shortHex(address)}: ${config.pool.name}`,
    aside: searchBox(),
    main: html`<section class="who"><div class="head"><h2 class="mono">${address}</h2><p>${verdictPill(why)} ${explorer(payee, status)}</p></div></section>
${earningsSection(status)}
${whySection(status)}
${ownPayouts(status)}
${ownWorkers(status)}`,
    json: `/v1/payees/${address}`,
  });
}

function explorer({ address }: PayeeSummary, { links }: PayeeStatus): Html | string {
  const url = links.address(toChecksum(address));
  return url === null ? '' : outside(url, 'see it in an explorer');
}

const PILLS = {
  pays: ['paid by the next round', 'good'],
  waits: ['promised by the next round, then it waits', 'warn'],
  'not-due': ['not due yet', 'mute'],
  stopped: ['the pool pays nobody right now', 'bad'],
  'under-way': ['a payout is on its way', 'info'],
  'held-up': ['a payout is held up', 'warn'],
} as const;

function verdictPill({ verdict }: PayeeWhy): Html {
  const [words, tone] = PILLS[verdict];
  return pill(words, tone);
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
  const page = layout({
    config,
    version,
    now: nowOf(pool),
    title: `Who is that? ${config.pool.name}`,
    aside: html``,
    main: html`<section class="ask"><div class="head"><h2>${error.message}</h2><p>Copy the address from your wallet or your worker's settings: it begins with 0x and has 42 characters.</p></div>${searchBox(given)}</section>`,
    json: '/v1/payees',
  });
  return c.html(page, status);
}

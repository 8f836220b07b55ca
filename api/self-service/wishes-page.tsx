/** The page on which a payee decides something itself: it shows the message to sign, and takes it signed. */
import type { Context, Hono } from 'hono';
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import type { WishDesk } from '../../client/self-service/wishes.js';
import { parseAmountWei } from '../../config/reading/quantity.js';
import type { Address } from '../../core/base/address.js';
import { CATALOGUE } from '../../core/base/errors/catalogue.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum, withChecksums } from '../../core/chain/checksums.js';
import { wishOf } from '../../core/self-service/rules/reading.js';
import type { TypedData } from '../../core/self-service/rules/typed-data.js';
import { WISH_KINDS, type Wish, type WishKind } from '../../core/self-service/rules/wish.js';
import { readForm } from '../operator/forms.js';
import { Layout } from '../page/kit/layout.js';
import { At, type Html, Notice, Section } from '../page/kit/parts.js';
import type { createWishLimits } from './limits.js';

type Settings = Awaited<ReturnType<WishDesk['settings']>>;

const LABELS: Readonly<Record<WishKind, string>> = {
  threshold: 'My own threshold, in ETH',
  pause: 'Pause my payouts',
  resume: 'Resume my payouts',
  nickname: 'A nickname, which everybody sees',
  'notice-address': 'Where my notices go (https://…)',
  destination: 'Pay me at another address',
  'revoke-destination': 'Revoke my last change of address',
};

/** What one view of the page shows besides the settings. */
interface View {
  readonly kind: WishKind | undefined;
  readonly value: string;
  readonly message: TypedData | undefined;
  readonly error: PoolError | undefined;
  readonly taken: boolean;
}

const NOTHING: View = {
  kind: undefined,
  value: '',
  message: undefined,
  error: undefined,
  taken: false,
};

export function wishPageRoutes(
  app: Hono,
  pool: RunningPool,
  {
    desk,
    limits,
  }: { readonly desk: WishDesk; readonly limits: ReturnType<typeof createWishLimits> },
): void {
  const path = '/payees/:address/wishes';
  app.get(path, async (c) => {
    const payee = parseAddress(c.req.param('address'));
    const { kind: asked, value = '', taken } = c.req.query();
    const kind = WISH_KINDS.find((one) => one === asked);
    const view = { ...NOTHING, kind, value, taken: taken === 'yes' };
    if (kind === undefined) return show(c, pool, { desk, payee, view });
    return attempt(c, pool, { desk, payee, view }, async () => {
      const message = await desk.message(payee, wishIn(kind, value));
      return show(c, pool, { desk, payee, view: { ...view, message } });
    });
  });
  app.post(path, async (c) => {
    const payee = parseAddress(c.req.param('address'));
    const { inputs } = await readForm(c);
    return attempt(c, pool, { desk, payee, view: NOTHING }, async () => {
      await limits.count(c);
      const { message = '', signature = '' } = inputs;
      await desk.receive(payee, { typedData: jsonIn(message), signature });
      return c.redirect(`/payees/${toChecksum(payee)}/wishes?taken=yes`, 303);
    });
  });
}

/** Makes a wish of what stands in the form: a threshold is in ETH there. */
function wishIn(kind: WishKind, value: string): Wish {
  if (kind !== 'threshold' || value === '') return wishOf(kind, kindHasValue(kind) ? value : '');
  const amount = parseAmountWei(`${value} ETH`);
  if (amount.ok) return wishOf(kind, amount.value.toString());
  throw new PoolError('WISH_MALFORMED', `"${value}" is no amount of ETH, such as 0.02.`);
}

const kindHasValue = (kind: WishKind): boolean =>
  kind !== 'pause' && kind !== 'resume' && kind !== 'revoke-destination';

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PoolError('WISH_MALFORMED', 'The message is not JSON: copy it as it stands there.');
  }
}

interface Asked {
  readonly desk: WishDesk;
  readonly payee: Address;
  readonly view: View;
}

/** Shows on the page itself what the payee can correct. */
async function attempt(
  c: Context,
  pool: RunningPool,
  asked: Asked,
  work: () => Promise<Response>,
): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PoolError) || !error.code.startsWith('WISH_')) throw error;
    return show(c, pool, { ...asked, view: { ...asked.view, error } });
  }
}

async function show(c: Context, pool: RunningPool, { desk, payee, view }: Asked) {
  const settings = await desk.settings(payee);
  const status = view.error === undefined ? 200 : CATALOGUE[view.error.code].http;
  const page = <WishPage pool={pool} settings={settings} payee={payee} view={view} />;
  return c.html(page, status as 200);
}

interface PageProps {
  readonly pool: RunningPool;
  readonly settings: Settings;
  readonly payee: Address;
  readonly view: View;
}

function WishPage({ pool, settings, payee, view }: PageProps): Html {
  const { config, version } = pool;
  const address = toChecksum(payee);
  const { error, message, taken } = view;
  return (
    <Layout
      config={config}
      version={version}
      now={nowOf(pool)}
      title={`Decide yourself: ${config.pool.name}`}
      json={`/v1/payees/${address}/wishes`}
    >
      <section class="who">
        <div class="head">
          <h2 class="mono">{address}</h2>
          <p>
            <a href={`/payees/${address}`}>Back to your page</a>
          </p>
        </div>
      </section>
      {taken && (
        <Notice tone="good" title="Taken">
          <p>The pool keeps your message as the proof.</p>
        </Notice>
      )}
      {error !== undefined && (
        <Notice tone="bad" title={withChecksums(error.message)}>
          <p>
            {error.help} <span class="mono">{error.code}</span>
          </p>
        </Notice>
      )}
      {message !== undefined && <SignSection address={address} message={message} />}
      <AskSection address={address} view={view} />
      <SettingsSection settings={settings} />
    </Layout>
  );
}

interface SignProps {
  readonly address: string;
  readonly message: TypedData;
}

/** The message, a button for the browser's wallet, and the form for whoever signs elsewhere. */
function SignSection({ address, message }: SignProps): Html {
  return (
    <Section title="Sign this" note="Signing costs nothing and sends no transaction.">
      <form class="body sign" method="post" action={`/payees/${address}/wishes`}>
        <p class="lead">
          <b>{withChecksums(String(message.message['says']))}</b>
        </p>
        <p>
          <button id="sign" class="quiet" type="button" hidden>
            Sign with this browser's wallet
          </button>{' '}
          <span id="sign-state" role="status" />
        </p>
        <label for="message">The message, for other wallets and programs (EIP-712)</label>
        <textarea id="message" name="message" rows={8} readonly spellcheck={false}>
          {JSON.stringify(message, null, 1)}
        </textarea>
        <label for="signature">The signature</label>
        <input
          id="signature"
          name="signature"
          placeholder="0x…"
          required
          spellcheck={false}
          autocomplete="off"
        />
        <button class="quiet" type="submit">
          Send it
        </button>
      </form>
    </Section>
  );
}

function AskSection({ address, view }: { readonly address: string; readonly view: View }): Html {
  return (
    <Section title="What do you want?" note="Then you see the message to sign.">
      <form class="body sign" method="get" action={`/payees/${address}/wishes`}>
        <label for="kind">I want</label>
        <select id="kind" name="kind">
          {WISH_KINDS.map((kind) => (
            <option value={kind} selected={kind === view.kind}>
              {LABELS[kind]}
            </option>
          ))}
        </select>
        <label for="value">The value; nothing takes back what you decided before</label>
        <input id="value" name="value" value={view.value} spellcheck={false} autocomplete="off" />
        <button class="quiet" type="submit">
          Make the message
        </button>
      </form>
    </Section>
  );
}

function SettingsSection({ settings }: { readonly settings: Settings }): Html {
  const { pendingDestination: pending, refusedDestination: refused } = settings;
  return (
    <Section title="What you decided">
      <dl class="answers">
        <dt>Threshold</dt>
        <dd>
          {settings.thresholdEth === null ? "the pool's own" : `${settings.thresholdEth} ETH`}; you
          may choose from {settings.leastThresholdEth} to {settings.mostThresholdEth} ETH
        </dd>
        <dt>Payouts</dt>
        <dd>
          {settings.pausedSince === null ? (
            'go on'
          ) : (
            <>
              paused since <At at={settings.pausedSince} />
            </>
          )}
        </dd>
        <dt>Nickname</dt>
        <dd>{settings.nickname ?? 'none'}</dd>
        <dt>Notices</dt>
        <dd>{settings.hasNoticeAddress ? 'go to the address that you gave' : 'go nowhere'}</dd>
        <dt>You are paid at</dt>
        <dd class="mono">{settings.destination}</dd>
        {pending !== null && (
          <>
            <dt>You asked to be paid at</dt>
            <dd>
              <span class="mono">{pending.destination}</span>,{' '}
              {pending.effectiveAt === null ? (
                'which a worker of the pool is about to confirm'
              ) : (
                <>
                  from <At at={pending.effectiveAt} /> on; until then you can revoke it
                </>
              )}
            </dd>
          </>
        )}
        {refused !== null && (
          <>
            <dt>Refused</dt>
            <dd>
              to be paid at <span class="mono">{refused.destination}</span>: {refused.refusal}
            </dd>
          </>
        )}
      </dl>
    </Section>
  );
}

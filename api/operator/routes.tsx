/**
 * The operator's pages, for browsers that are signed in. They are plain forms and work without script: each shows what
 * it would come to before it does it, by the functions that the routes of `/v1` use.
 */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { toErrorAnswer } from '../../client/error-answers.js';
import { excludedAddresses, readEffect } from '../../client/guard/guard-views.js';
import { expectedGas, orderRound } from '../../client/payouts/rounds.js';
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { readStops } from '../../client/standing.js';
import { roundConfigOf } from '../../config/config.js';
import type { Role } from '../../core/access/rules/roles.js';
import { listSessions } from '../../core/access/store/sessions.js';
import { ethAndWei } from '../../core/base/money.js';
import { withChecksums } from '../../core/chain/checksums.js';
import { listReconciliations } from '../../core/checks/store/reconciliation-records.js';
import type { Database } from '../../core/db/database.js';
import { stateOfWorkers } from '../../core/guard/standings.js';
import { readOverrides } from '../../core/guard/store/overrides.js';
import { listRebuilds } from '../../core/history/rebuild/rebuild.js';
import { listAuditLog } from '../../core/ledger/store/audit-log-reads.js';
import { listInvitations } from '../../core/payouts/store/payees/invitations.js';
import { readSlots } from '../../core/payouts/store/reads/payout-reads.js';
import { previewRound } from '../../core/payouts/store/reads/round-preview-reads.js';
import { findPayingWallet, freeWeiOf } from '../../core/payouts/store/reads/wallet-reads.js';
import type { Access } from '../access.js';
import { listQuery, pageQuery, readListQuery } from '../request.js';
import { requirePayout } from '../routes/payouts.js';
import { auditFilter } from '../routes/pool.js';
import { ACTION_NAMES, ACTIONS } from './actions/actions.js';
import { type Form, readForm } from './forms.js';
import { keptWorkflowsMs } from './kept-workflows.js';
import { readNeeds } from './needs.js';
import { AskPage, DonePage, RefusedPage } from './pages/action-pages.js';
import { AuditPage } from './pages/audit-page.js';
import { ChecksPage } from './pages/checks-page.js';
import { GuardPage } from './pages/guard-page.js';
import { InvitationsPage } from './pages/invitations-page.js';
import { NeedsPage } from './pages/needs-page.js';
import { PayoutPage } from './pages/payout-page.js';
import { RoundPage } from './pages/round-page.js';
import { SessionsPage } from './pages/sessions-page.js';
import { SignInPage } from './pages/sign-in-page.js';
import { createSessions, requireForm, type Sessions, type Signed, sameOrigin } from './session.js';
import { takeStep } from './steps.js';

const SHOWN_CHECKS = 20;

interface Surroundings {
  readonly access: Access;
  /** Called with an error that the browser sees only as INTERNAL. */
  readonly tellFault: (error: unknown, c: Context) => void;
  /** The connections for pages, so that halts and other decisions never wait for them. */
  readonly reads: Database;
}

/** Adds pages and forms to the app; each needs a session whose token has the role. */
type Pages = ReturnType<typeof pagesOf>;

export function operatorRoutes(app: Hono, pool: RunningPool, around: Surroundings): void {
  const { access, tellFault, reads } = around;
  const reader = { ...pool, db: reads };
  const sessions = createSessions(pool, access);
  const operator = new Hono();
  operator.use(sessions.reading, sameOrigin);
  signInRoutes(operator, pool, sessions);
  const pages = pagesOf(operator, sessions, access);
  needsRoutes(pages, reader);
  roundRoutes(pages, pool, reader);
  recordRoutes(pages, reader, sessions);
  actionRoutes(pages, pool);
  operator.onError((error, c) => {
    const { status, body } = toErrorAnswer(error);
    if (body.code === 'INTERNAL') tellFault(error, c);
    if (body.code === 'SESSION_ENDED' && c.req.method === 'GET')
      return c.redirect(signInPath(c), 303);
    const signed = sessions.find(c);
    return c.html(<RefusedPage pool={pool} signed={signed} {...body} />, status);
  });
  app.route('/operator', operator);
}

function pagesOf(operator: Hono, sessions: Sessions, access: Access) {
  return {
    /** Adds a page that reads. */
    page(
      path: string,
      role: Role,
      render: (c: Context, signed: Signed) => Promise<Response>,
    ): void {
      const mayRead: MiddlewareHandler = async (c, next) => {
        sessions.require(c);
        access.requireRole(c, role);
        await next();
      };
      operator.get(path, mayRead, sessions.gating, (c) => render(c, sessions.require(c)));
    },
    /** Adds what a form of this action is sent to. The form's own token is checked first. */
    form(
      path: string,
      { role, action }: { readonly role: Role; readonly action: string },
      take: (c: Context, signed: Signed, form: Form) => Promise<Response>,
    ): void {
      operator.post(path, async (c) => {
        const signed = sessions.require(c);
        access.requireRole(c, role);
        const form = await readForm(c);
        requireForm(signed, { action, subject: form.subject, token: form.token });
        return take(c, signed, form);
      });
    },
  };
}

/** Matches the pages to go on to after signing in: those of the operator and nothing else. */
const OWN_PAGE = /^\/operator(\/[\w/-]*)?(\?[\w=&%.:+-]*)?$/;
const ownPage = (path: string | undefined): string =>
  path !== undefined && OWN_PAGE.test(path) ? path : '/operator';

function signInPath(c: Context): string {
  const { pathname, search } = new URL(c.req.url);
  const then = ownPage(`${pathname}${search}`);
  return then === '/operator'
    ? '/operator/sign-in'
    : `/operator/sign-in?${new URLSearchParams({ then })}`;
}

function signInRoutes(operator: Hono, pool: RunningPool, sessions: Sessions): void {
  operator.get('/sign-in', (c) => {
    const then = ownPage(c.req.query('then'));
    if (sessions.find(c) !== undefined) return c.redirect(then, 303);
    return c.html(<SignInPage pool={pool} then={then} />);
  });
  operator.post('/sign-in', async (c) => {
    const { inputs } = await readForm(c);
    const then = ownPage(inputs.then);
    try {
      await sessions.open(c, (inputs.token ?? '').trim());
    } catch (error) {
      const { status, body } = toErrorAnswer(error);
      if (!body.code.startsWith('API_TOKEN_')) throw error;
      const refused = body.code === 'API_TOKEN_TRIED_TOO_OFTEN' ? body.message : WRONG_TOKEN;
      return c.html(<SignInPage pool={pool} then={then} refused={refused} />, status);
    }
    return c.redirect(then, 303);
  });
}

const WRONG_TOKEN = 'This token is not accepted: it is mistyped, was revoked, or its time is over.';

function needsRoutes(pages: Pages, pool: RunningPool): void {
  const { db } = pool;
  pages.page('/', 'read', async (c, signed) =>
    c.html(<NeedsPage pool={pool} signed={signed} found={await readNeeds(pool)} />),
  );
  pages.page('/payouts/:id', 'read', async (c, signed) => {
    const payout = await requirePayout(pool, c.req.param('id') ?? '');
    const [slots, retentionMs] = await Promise.all([
      readSlots(db, payout.id),
      keptWorkflowsMs(pool),
    ]);
    const props = { pool, signed, payout, slots, retentionMs };
    return c.html(<PayoutPage {...props} />);
  });
}

function roundRoutes(pages: Pages, pool: RunningPool, reader: RunningPool): void {
  const show = async (c: Context, signed: Signed, changed?: string) => {
    const page = { pool, signed, ...(await readRound(reader)) };
    if (changed === undefined) return c.html(<RoundPage {...page} />);
    return c.html(<RoundPage {...page} changed={changed} />, 409);
  };
  pages.page('/round', 'read', (c, signed) => show(c, signed));
  const start = { role: 'operate', action: 'round.start' } as const;
  pages.form('/round', start, async (c, signed, { subject: previewHash, reason }) => {
    const order = { previewHash, reason, actor: signed.bearer.name };
    try {
      const { workflowId, result } = await orderRound(pool, order);
      const outcome =
        result === undefined
          ? [`no worker has answered yet; it goes on by itself as ${workflowId}`]
          : [
              `reserved ${ethAndWei(BigInt(result.reservedWei))} in ${result.payouts} payouts: exactly what was looked at`,
            ];
      return c.html(
        <DonePage pool={pool} signed={signed} title="Make this round" outcome={outcome} />,
      );
    } catch (error) {
      const { body } = toErrorAnswer(error);
      if (body.code !== 'ROUND_DIFFERS') throw error;
      return show(c, signed, body.message);
    }
  });
}

/** Reads what a round that began now would do. */
async function readRound(pool: RunningPool) {
  const { db, config } = pool;
  const { chain } = config;
  const wallet = await findPayingWallet(db, chain.chainId);
  const preview = await previewRound(
    db,
    roundConfigOf(config),
    freeWeiOf(wallet, chain.keepInWalletWei),
  );
  const [gas, stops] = await Promise.all([
    expectedGas(db, wallet, preview.totals.pays),
    readStops(pool, wallet),
  ]);
  const reasons = [...(wallet?.halts ?? []), ...stops].map(({ reason }) => withChecksums(reason));
  return { preview, gas, stops: reasons };
}

const auditQuery = listQuery(auditFilter);

function recordRoutes(pages: Pages, pool: RunningPool, sessions: Sessions): void {
  const { db, config } = pool;
  pages.page('/audit', 'read', async (c, signed) => {
    const given = Object.entries(c.req.query()).filter(([, value]) => value.trim() !== '');
    const asked = Object.fromEntries(given.filter(([name]) => name !== 'cursor'));
    const { page, filter } = readListQuery(Object.fromEntries(given), auditQuery);
    const found = await listAuditLog(db, page, filter);
    return c.html(<AuditPage pool={pool} signed={signed} found={found} asked={asked} />);
  });
  pages.page('/checks', 'read', async (c, signed) => {
    const wallet = await findPayingWallet(db, config.chain.chainId);
    const [reconciliations, rebuilds] = await Promise.all([
      wallet === undefined ? [] : listReconciliations(db, wallet, SHOWN_CHECKS),
      listRebuilds(db, SHOWN_CHECKS),
    ]);
    const props = { pool, signed, reconciliations, rebuilds };
    return c.html(<ChecksPage {...props} />);
  });
  pages.page('/invitations', 'read', async (c, signed) => {
    const { page } = readListQuery(c.req.query(), pageQuery);
    const invitations = await listInvitations(db, { isOpen: true }, page);
    return c.html(<InvitationsPage pool={pool} signed={signed} invitations={invitations} />);
  });
  pages.page('/guard', 'read', async (c, signed) => {
    const [standings, overrides, hours] = await Promise.all([
      stateOfWorkers(db),
      readOverrides(db),
      readEffect(db, nowOf(pool).getTime()),
    ]);
    const props = { pool, signed, standings, overrides, hours };
    return c.html(<GuardPage {...props} />);
  });
  pages.page('/guard/excluded.txt', 'read', async (c) =>
    c.text(excludedAddresses(await stateOfWorkers(db)).join('\n')),
  );
  pages.page('/sessions', 'read', async (c, signed) =>
    c.html(<SessionsPage pool={pool} signed={signed} sessions={await listSessions(db)} />),
  );
  const signOut = { role: 'read', action: 'sign-out' } as const;
  pages.form('/sign-out', signOut, async (c, signed) => {
    await sessions.end(c, signed);
    return c.redirect('/operator/sign-in', 303);
  });
}

function actionRoutes(pages: Pages, pool: RunningPool): void {
  pages.page('/pay', 'operate', async (c, signed) => {
    const given = { subject: '', inputs: {} };
    return c.html(<AskPage pool={pool} signed={signed} name="payout.pay" given={given} />);
  });
  for (const name of ACTION_NAMES) {
    const { role } = ACTIONS[name];
    pages.form(`/act/${name}`, { role, action: name }, async (c, signed, form) => {
      const { page, status } = await takeStep({ pool, signed, name }, form);
      return c.html(page, status);
    });
  }
}

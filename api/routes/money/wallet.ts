/**
 * Shows, halts, resumes and replaces the wallet that pays. Each change is one audited transaction and does not need
 * Temporal.
 */
import { Hono } from 'hono';
import { createLinks } from '../../../client/links.js';
import { requireWallet } from '../../../client/payout-request.js';
import type { RunningPool } from '../../../client/running-pool.js';
import { resumedWords, viewWallet } from '../../../client/views/wallet-view.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import { resumeWallet } from '../../../core/checks/store/resuming.js';
import { replaceWallet } from '../../../core/payouts/store/wallet/wallet-replacement.js';
import { haltWallet } from '../../../core/payouts/store/wallet/wallets.js';
import type { Access } from '../../access.js';
import {
  ACTOR,
  addressText,
  decisionBody,
  readOrder,
  refuseQuery,
  rehearsableBody,
} from '../../request.js';

const replaceBody = rehearsableBody.extend({ to: addressText });

export function walletRoutes(deps: RunningPool, access: Access): Hono {
  const { db } = deps;
  const links = createLinks(deps);
  const app = new Hono();
  app.get('/', async (c) => {
    refuseQuery(c);
    return c.json(viewWallet(await requireWallet(deps), links, access.shows(c).words));
  });
  app.post('/halt', async (c) => {
    const { reason } = await readOrder(access, c, decisionBody);
    const wallet = await requireWallet(deps);
    const code = 'HALTED_BY_OPERATOR';
    const changed = await haltWallet(db, wallet, { code, reason, actor: ACTOR });
    return c.json({ changed, wallet: viewWallet(await requireWallet(deps), links, true) });
  });
  app.post('/resume', async (c) => {
    const { reason } = await readOrder(access, c, decisionBody);
    const wallet = await requireWallet(deps);
    const resumed = await resumeWallet(db, wallet, { reason, actor: ACTOR });
    const { changed } = resumed;
    return c.json({
      changed,
      words: resumedWords(resumed),
      wallet: viewWallet(await requireWallet(deps), links, true),
    });
  });
  app.post('/replace', async (c) => {
    const order = await readOrder(access, c, replaceBody);
    const { changed, words } = await replaceWallet(db, { ...order, actor: ACTOR });
    return c.json({
      changed,
      dryRun: order.dryRun,
      words: withChecksums(words),
      wallet: viewWallet(await requireWallet(deps), links, true),
    });
  });
  return app;
}

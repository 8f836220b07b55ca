/** The wallet that pays, and the switch that stops it: one audited transaction, Temporal or not. */
import { Hono } from 'hono';
import { z } from 'zod';
import { createLinks } from '../../../client/links.js';
import type { RunningPool } from '../../../client/running-pool.js';
import { resumedWords, viewWallet } from '../../../client/views/wallet-view.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import { resumeWallet } from '../../../core/checks/store/resuming.js';
import {
  findPayingWallet,
  type PayingWallet,
} from '../../../core/payouts/store/reads/wallet-reads.js';
import { replaceWallet } from '../../../core/payouts/store/wallet/wallet-replacement.js';
import { haltWallet } from '../../../core/payouts/store/wallet/wallets.js';
import type { Access } from '../../access.js';
import { addressText, readBody, reasonText, refuseQuery } from '../../request.js';

const decisionBody = z.strictObject({ reason: reasonText.min(1, 'say why') });
const replaceBody = decisionBody.extend({
  to: addressText,
  dryRun: z.boolean().default(false),
});

export function walletRoutes(deps: RunningPool, access: Access): Hono {
  const { db } = deps;
  const links = createLinks(deps);
  const app = new Hono();
  app.get('/', async (c) => {
    refuseQuery(c);
    return c.json(viewWallet(await requireWallet(deps), links, access.showsWords(c)));
  });
  app.post('/halt', async (c) => {
    access.requireToken(c);
    const { reason } = await readBody(c, decisionBody);
    const wallet = await requireWallet(deps);
    const code = 'HALTED_BY_OPERATOR';
    const changed = await haltWallet(db, wallet, { code, reason, actor: 'api' });
    return c.json({ changed, wallet: viewWallet(await requireWallet(deps), links, true) });
  });
  app.post('/resume', async (c) => {
    access.requireToken(c);
    const { reason } = await readBody(c, decisionBody);
    const wallet = await requireWallet(deps);
    const resumed = await resumeWallet(db, wallet, { reason, actor: 'api' });
    const { changed } = resumed;
    return c.json({
      changed,
      words: resumedWords(resumed),
      wallet: viewWallet(await requireWallet(deps), links, true),
    });
  });
  app.post('/replace', async (c) => {
    access.requireToken(c);
    const order = await readBody(c, replaceBody);
    const { changed, words } = await replaceWallet(db, { ...order, actor: 'api' });
    return c.json({
      ...{ changed, dryRun: order.dryRun, words: withChecksums(words) },
      wallet: viewWallet(await requireWallet(deps), links, true),
    });
  });
  return app;
}

async function requireWallet({ db, config }: RunningPool): Promise<PayingWallet> {
  const wallet = await findPayingWallet(db, config.chain.chainId);
  if (wallet !== undefined) return wallet;
  throw new PoolError('WALLET_UNKNOWN', 'No worker has opened the wallet yet.');
}

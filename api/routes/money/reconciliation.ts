/** Shows the results of the latest comparisons of chain and ledger. */
import { Hono } from 'hono';
import type { RunningPool } from '../../../client/running-pool.js';
import { amount } from '../../../client/views/amounts.js';
import { publicCheck } from '../../../client/views/outside.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import {
  type KeptReconciliation,
  listReconciliations,
} from '../../../core/checks/store/reconciliation-records.js';
import { findPayingWallet } from '../../../core/payouts/store/reads/wallet-reads.js';
import type { Access } from '../../access.js';
import { refuseQuery } from '../../request.js';

const SHOWN = 20;

export function reconciliationRoutes({ db, config }: RunningPool, access: Access): Hono {
  const app = new Hono();
  app.get('/', async (c) => {
    refuseQuery(c);
    const wallet = await findPayingWallet(db, config.chain.chainId);
    const kept = wallet === undefined ? [] : await listReconciliations(db, wallet, SHOWN);
    const shown = kept.map((one) => viewReconciliation(one, access.shows(c).words));
    return c.json({ latest: shown[0] ?? null, items: shown });
  });
  return app;
}

function viewReconciliation(one: KeptReconciliation, showsWords: boolean) {
  return {
    at: one.at,
    ok: one.ok,
    fromBlock: one.fromBlock,
    toBlock: one.toBlock,
    fromNonce: one.fromNonce,
    toNonce: one.toNonce,
    ...amount('opening', one.openingWei),
    ...amount('in', one.inWei),
    ...amount('out', one.outWei),
    ...amount('gas', one.gasWei),
    ...amount('balance', one.balanceWei),
    findings: withChecksums(showsWords ? one.discrepancies : one.discrepancies.map(publicCheck)),
  };
}

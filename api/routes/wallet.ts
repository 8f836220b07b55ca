/**
 * The wallet that pays, and how it compares with the ledger. Each change is one audited transaction and does not need
 * Temporal.
 */
import { createLinks, type Links } from '../../client/links.js';
import { requireWallet } from '../../client/payouts/payout-request.js';
import { readSolvencyOf, viewCover, viewSolvency } from '../../client/payouts/solvency.js';
import type { RunningPool } from '../../client/running-pool.js';
import { amount, resumedWords } from '../../client/views.js';
import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import {
  type KeptReconciliation,
  listReconciliations,
} from '../../core/checks/store/reconciliation-records.js';
import { resumeWallet } from '../../core/checks/store/resuming.js';
import { changeOrRehearse } from '../../core/db/transact.js';
import {
  findPayingWallet,
  type PayingWallet,
} from '../../core/payouts/store/reads/wallet-reads.js';
import { replaceWallet } from '../../core/payouts/store/wallet/wallet-replacement.js';
import { haltWallet } from '../../core/payouts/store/wallet/wallets.js';
import { publicCheck, publicHalt } from '../outside.js';
import { addressText, noQuery, type Routes, rehearsableBody } from '../request.js';
import { WALLET } from '../schemas/wallet.js';

const SHOWN_RECONCILIATIONS = 20;

const replaceBody = rehearsableBody.extend({ to: addressText });

export function walletRoutes(routes: Routes, pool: RunningPool): void {
  const { db, config } = pool;
  const links = createLinks(pool);
  const show = async (showsWords: boolean) =>
    viewWallet(await requireWallet(pool), links, showsWords);
  routes.get('/v1/wallet', noQuery, WALLET.show, (_, { shows }) => show(shows.words));
  routes.get('/v1/solvency', noQuery, WALLET.solvency, async (_, { shows }) => {
    const report = await readSolvencyOf(pool);
    return shows.words ? viewSolvency(report) : { ...viewCover(report), exact: null };
  });
  routes.post('/v1/wallet/halt', rehearsableBody, WALLET.halt, async (body) => {
    const { dryRun, ...decision } = body;
    const wallet = await requireWallet(pool);
    const why = { code: 'HALTED_BY_OPERATOR', ...decision };
    const changed = await changeOrRehearse(db, dryRun, (tx) => haltWallet(tx, wallet, why));
    return { changed, dryRun, wallet: await show(true) };
  });
  routes.post('/v1/wallet/resume', rehearsableBody, WALLET.resume, async (decision) => {
    const resumed = await resumeWallet(db, await requireWallet(pool), decision);
    const { changed } = resumed;
    const { dryRun } = decision;
    return { changed, dryRun, words: resumedWords(resumed), wallet: await show(true) };
  });
  routes.post('/v1/wallet/replace', replaceBody, WALLET.replace, async (order) => {
    const { changed, words } = await replaceWallet(db, order);
    const { dryRun } = order;
    return { changed, dryRun, words: withChecksums(words), wallet: await show(true) };
  });
  routes.get('/v1/reconciliation', noQuery, WALLET.reconciliation, async (_, { shows }) => {
    const wallet = await findPayingWallet(db, config.chain.chainId);
    const kept =
      wallet === undefined ? [] : await listReconciliations(db, wallet, SHOWN_RECONCILIATIONS);
    const items = kept.map((one) => viewReconciliation(one, shows.words));
    return { latest: items[0] ?? null, items };
  });
}

/** Shows a wallet, with the latest balance that the chain reported. */
function viewWallet(wallet: PayingWallet, links: Links, showsWords: boolean) {
  const address = toChecksum(wallet.address);
  const halts = showsWords ? wallet.halts : wallet.halts.map(publicHalt);
  return {
    chainId: wallet.chainId,
    address,
    nextNonce: wallet.nextNonce,
    balance: wallet.balance && {
      ...amount('balance', wallet.balance.wei),
      block: wallet.balance.block,
      seenAt: wallet.balance.at,
    },
    /** The most severe of its halts. */
    halted: withChecksums(halts[0] ?? null),
    halts: withChecksums(halts),
    /** The wallet that replaces this one as soon as a worker with its key has started. */
    replacedBy: wallet.replacedBy && toChecksum(wallet.replacedBy),
    /** Earlier wallets whose signed transfers may still be mined. */
    earlier: wallet.earlier.map((one) => ({
      address: toChecksum(one.address),
      openTransfers: one.openTransfers,
      ...amount('open', one.openWei),
      oldestOpenAt: one.oldestOpenAt,
    })),
    openTransfers: wallet.openTransfers,
    ...amount('open', wallet.openWei),
    oldestOpenAt: wallet.oldestOpenAt,
    opening: {
      nonce: wallet.openingNonce,
      block: wallet.openingBlock,
      ...amount('balance', wallet.openingBalanceWei),
    },
    createdAt: wallet.createdAt,
    explorerUrl: links.address(address),
  };
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

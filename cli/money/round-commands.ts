import type { Command } from 'commander';
import { counted } from '../../core/base/counted.js';
import { withChecksums } from '../../core/chain/checksums.js';
import type { PreviewTotals } from '../../core/payouts/rules/round-preview.js';
import { previewRound } from '../../core/payouts/store/reads/round-preview-reads.js';
import { findPayingWallet, freeWeiOf } from '../../core/payouts/store/reads/wallet-reads.js';
import { type CliContext, withContext } from '../context.js';
import { formatAddress, formatAmount, formatFacts, formatTable } from '../output.js';

export function addRoundCommands(program: Command): void {
  program
    .command('round')
    .description('payout rounds')
    .command('preview')
    .description('who would be paid now, and why the others would not; nothing is reserved')
    .action(withContext(showPreview));
}

async function showPreview({ db, config, answer }: CliContext): Promise<void> {
  const { chain, pool } = config;
  const paying = await findPayingWallet(db, chain.chainId);
  const freeWei = freeWeiOf(paying, chain.keepInWalletWei);
  const preview = await previewRound(db, pool, freeWei);
  const halts = paying?.halts ?? [];
  const table = formatTable(preview.payees, {
    payee: (one) => formatAddress(one.payee),
    pending: (one) => formatAmount(one.pendingWei),
    verdict: (one) => one.verdict,
    why: (one) => (one.code === null ? null : withChecksums(`${one.code} ${one.reason}`)),
  });
  const stopped = halts.map(({ code, reason }) =>
    withChecksums(`nothing is sent now: ${code} ${reason}`),
  );
  const parts = [table, totalFacts(preview.totals), ...stopped, UNKNOWN_HERE];
  answer(parts.join('\n\n'), { ...preview, halts });
}

const UNKNOWN_HERE =
  'Fees, gas and the balance are looked at when a payout is signed: it waits there if need be. ' +
  'The status page and `openpool status` say whether a worker and Temporal are there.';

function totalFacts(totals: PreviewTotals): string {
  return formatFacts([
    ['would be paid', `${formatAmount(totals.paysWei)} to ${counted(totals.pays, 'payee')}`],
    ['would wait', `${formatAmount(totals.waitsWei)} to ${counted(totals.waits, 'payee')}`],
    ['not due', counted(totals.notDue, 'payee')],
    ['used of the day', formatAmount(totals.usedTodayWei)],
    ['left of the day', formatAmount(totals.leftTodayWei)],
    ['would wait for the next', formatAmount(totals.beyondTodayWei)],
  ]);
}

/** The commands about payout rounds: see what the next one would pay, and make exactly that one. */
import { createLinks } from '../../client/links.js';
import { type ExpectedGas, expectedGas, orderRound } from '../../client/payouts/rounds.js';
import { roundConfigOf } from '../../config/config.js';
import { counted } from '../../core/base/counted.js';
import { withChecksums } from '../../core/chain/checksums.js';
import { PREVIEW_HASH } from '../../core/payouts/rules/round-hash.js';
import type { PreviewTotals } from '../../core/payouts/rules/round-preview.js';
import { previewRound } from '../../core/payouts/store/reads/round-preview-reads.js';
import { findPayingWallet, freeWeiOf } from '../../core/payouts/store/reads/wallet-reads.js';
import { type PoolCommand, requireForm } from '../command.js';
import type { CliContext } from '../context.js';
import { formatAddress, formatAmount, formatFacts, formatTable } from '../output.js';

export function addRoundCommands(program: PoolCommand): void {
  const round = program.add('round', 'payout rounds');
  round
    .add('preview', 'who would be paid now, and why the others would not; nothing is reserved')
    .run(showPreview);
  round
    .add('start', 'make the round that a preview showed, without waiting for the schedule')
    .requiredOption('--preview <hash>', 'as the preview ended with it; refused when it changed')
    .withReason()
    .run(start);
}

async function start(context: CliContext<{ readonly preview: string }>): Promise<void> {
  const { deps, options, decide, answer } = context;
  const { actor, reason } = decide();
  const thing = 'hash of a preview: copy it from `openpool round preview`';
  const previewHash = requireForm(options.preview, PREVIEW_HASH, thing);
  const { workflowId, result } = await orderRound(deps, { previewHash, actor, reason });
  const where = createLinks(deps).workflow(workflowId) ?? workflowId;
  if (result === undefined) {
    answer(`no worker has answered yet; it goes on by itself as ${where}`, { workflowId });
    return;
  }
  const sum = `${formatAmount(BigInt(result.reservedWei))} in ${counted(result.payouts, 'payout')}`;
  answer(`reserved ${sum}: exactly what was looked at\n${where}`, { workflowId, ...result });
}

async function showPreview({ db, config, answer }: CliContext): Promise<void> {
  const { chain } = config;
  const paying = await findPayingWallet(db, chain.chainId);
  const freeWei = freeWeiOf(paying, chain.keepInWalletWei);
  const preview = await previewRound(db, roundConfigOf(config), freeWei);
  const gas = await expectedGas(db, paying, preview.totals.pays);
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
  const confirm = `to make exactly this round: openpool round start --preview ${preview.previewHash} --reason …`;
  const parts = [table, totalFacts(preview.totals, gas), ...stopped, UNKNOWN_HERE, confirm];
  answer(parts.join('\n\n'), { ...preview, gas, halts });
}

const UNKNOWN_HERE =
  'Fees, gas and the balance are looked at when a payout is signed: it waits there if need be. ' +
  'The status page and `openpool status` say whether a worker and Temporal are there.';

function totalFacts(totals: PreviewTotals, { costWei }: ExpectedGas): string {
  return formatFacts([
    ['would be paid', `${formatAmount(totals.paysWei)} to ${counted(totals.pays, 'payee')}`],
    ['would wait', `${formatAmount(totals.waitsWei)} to ${counted(totals.waits, 'payee')}`],
    ['not due', counted(totals.notDue, 'payee')],
    ['used of the day', formatAmount(totals.usedTodayWei)],
    ['left of the day', formatAmount(totals.leftTodayWei)],
    ['would wait for the next', formatAmount(totals.beyondTodayWei)],
    ['gas, at the fee last seen', costWei === null ? 'not known' : formatAmount(costWei)],
  ]);
}
